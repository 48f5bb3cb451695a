/** Times as people read them, in the reader's zone or in UTC. All arguments are milliseconds since 1970, or RFC 3339. */
import { THIN } from "./number";

export type Zone = "local" | "UTC";
type Time = number | string | Date;

const formats = new Map<string, Intl.DateTimeFormat>();

function format(zone: Zone, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = zone + JSON.stringify(options);
  let found = formats.get(key);
  if (!found) {
    const named = zone === "UTC" ? { ...options, timeZone: "UTC" } : options;
    found = new Intl.DateTimeFormat("en-GB", { hourCycle: "h23", ...named });
    formats.set(key, found);
  }
  return found;
}

const CLOCK: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit" };
const DAY: Intl.DateTimeFormatOptions = { day: "2-digit", month: "short" };

/** 14:05 */
export const clock = (time: Time, zone: Zone): string => format(zone, CLOCK).format(new Date(time));
/** 14:05:09 */
export const seconds = (time: Time, zone: Zone): string =>
  format(zone, { ...CLOCK, second: "2-digit" }).format(new Date(time));
/** 14:05:09.123 */
export const millis = (time: Time, zone: Zone): string =>
  format(zone, { ...CLOCK, second: "2-digit", fractionalSecondDigits: 3 }).format(new Date(time));
/** 03 Oct */
export const day = (time: Time, zone: Zone): string => format(zone, DAY).format(new Date(time));
/** 03 Oct, 14:05 */
export const moment = (time: Time, zone: Zone): string => `${day(time, zone)}, ${clock(time, zone)}`;
/** 03 Oct 2025, 14:05:09 UTC: nothing left to guess. */
export function exactly(time: Time, zone: Zone): string {
  const date = format(zone, { ...DAY, year: "numeric" }).format(new Date(time));
  return `${date}, ${seconds(time, zone)}${THIN}${zoneName(zone, time)}`;
}

/** What the zone is called at that time: UTC, GMT+2, CET. */
export function zoneName(zone: Zone, time: Time = Date.now()): string {
  const parts = format(zone, { ...CLOCK, timeZoneName: "short" }).formatToParts(new Date(time));
  return parts.find((part) => part.type === "timeZoneName")?.value ?? zone;
}

/** The IANA name, as the API takes it. */
export const zoneId = (zone: Zone): string =>
  zone === "UTC" ? "UTC" : Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

const UNITS: [number, string][] = [
  [86_400_000, "d"],
  [3_600_000, "h"],
  [60_000, "min"],
  [1000, "s"],
];

/** How long: 2 d 4 h, 15 min, 3 s. The two largest units. */
export function span(length_ms: number): string {
  const parts: string[] = [];
  let left = Math.max(0, length_ms);
  for (const [size, name] of UNITS) {
    const count = name === "s" && parts.length === 0 ? Math.round(left / size) : Math.floor(left / size);
    if (count > 0) parts.push(`${count}${THIN}${name}`);
    else if (parts.length) break;
    left -= count * size;
    if (parts.length === 2) break;
  }
  return parts.join(" ") || `${Math.round(length_ms)}${THIN}ms`;
}

/** How long ago: just now, 12 s ago, 3 h ago. One unit. */
export function ago(time: Time, now: number): string {
  const passed = now - new Date(time).getTime();
  if (passed < 1500) return "just now";
  const [size, name] = UNITS.find(([one]) => passed >= one) ?? [1000, "s"];
  return `${Math.floor(passed / size)}${THIN}${name} ago`;
}
