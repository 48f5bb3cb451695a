/** Which versions answer now, by service. */
import type { Answer } from "../../api/client";

type Version = Answer<"/query/versions">["versions"][number];

/** Of the time range, the last part that is now. */
const PART = 12;
const LEAST_MS = 60_000;

/**
 * Those whose last request is not much older than the service's own last one; the busiest first. A service that rests
 * keeps those it had.
 */
export function versionsNow(versions: Version[], length_ms: number): Map<string, string[]> {
  const newest = new Map<string, number>();
  for (const { service, last_seen } of versions)
    newest.set(service, Math.max(newest.get(service) ?? 0, Date.parse(last_seen)));
  const least = Math.max(LEAST_MS, length_ms / PART);
  const found = new Map<string, string[]>();
  for (const one of [...versions].sort((a, b) => b.requests - a.requests)) {
    if (Date.parse(one.last_seen) < (newest.get(one.service) ?? 0) - least) continue;
    found.set(one.service, [...(found.get(one.service) ?? []), one.version]);
  }
  return found;
}
