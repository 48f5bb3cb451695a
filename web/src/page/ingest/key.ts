/** Whether a key opens anything, and until when one is to. */
import { THIN } from "../../format/number";
import { span } from "../../format/time";
import type { Schema } from "../../api/client";

const DAY_MS = 86_400_000;

type Ends = Pick<Schema["KeyAnswer"], "expires_at" | "revoked_at">;

export function stateOf(key: Ends, now: number): "good" | "expired" | "revoked" {
  if (key.revoked_at) return "revoked";
  return key.expires_at && Date.parse(key.expires_at) <= now ? "expired" : "good";
}

export const ended = (key: Ends, now: number): boolean => stateOf(key, now) !== "good";

/** How long it still works: in days, where there are some. */
export function leftOf(expires_at: string, now: number): string {
  const left = Date.parse(expires_at) - now;
  const days = Math.round(left / DAY_MS);
  return days >= 2 ? `${days}${THIN}d` : span(left);
}

/** What the form offers, in days; null is until it is revoked. */
export const LIFETIMES: [number | null, string][] = [
  [7, "7 days"],
  [30, "30 days"],
  [90, "90 days"],
  [365, "a year"],
  [null, "ever, until it is revoked"],
];

/** RFC 3339, or null. */
export const endOf = (days: number | null, now: number): string | null =>
  days === null ? null : new Date(now + days * DAY_MS).toISOString();
