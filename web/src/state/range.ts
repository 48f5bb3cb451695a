/** The time that a page is about: the last so long, which moves on, or from one moment to another. */
import { moment, span, type Zone } from "../format/time";

export type Range = { last: string } | { start: number; end: number };

/** What the picker offers, shortest first. The texts are those of the query language. */
export const LASTS: [string, string][] = [
  ["5m", "Last 5 minutes"],
  ["15m", "Last 15 minutes"],
  ["1h", "Last hour"],
  ["3h", "Last 3 hours"],
  ["6h", "Last 6 hours"],
  ["12h", "Last 12 hours"],
  ["24h", "Last 24 hours"],
  ["2d", "Last 2 days"],
  ["7d", "Last 7 days"],
  ["30d", "Last 30 days"],
];

export const DEFAULT: Range = { last: "1h" };

const UNITS: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
const LAST = /^(\d{1,6})([smhdw])$/;
const LONGEST_MS = 100 * 365 * 86_400_000;

/** Milliseconds of "15m"; null where that is no length. */
export function lengthOf(text: string): number | null {
  const found = LAST.exec(text);
  if (!found) return null;
  const length = Number(found[1]) * (UNITS[found[2] ?? ""] ?? 0);
  return length > 0 && length <= LONGEST_MS ? length : null;
}

export const isLast = (range: Range): range is { last: string } => "last" in range;

export const lengthMs = (range: Range): number =>
  isLast(range) ? (lengthOf(range.last) ?? 0) : range.end - range.start;

/** From the address of a page. What cannot be read is the default: a link that somebody cut still opens. */
export function readRange(parameters: URLSearchParams): Range {
  const from = parameters.get("from") ?? "";
  const to = parameters.get("to") ?? "";
  const start = Date.parse(from);
  const end = Date.parse(to);
  if (!Number.isNaN(start) && !Number.isNaN(end) && start < end) return { start, end };
  return lengthOf(from) !== null && !to ? { last: from } : DEFAULT;
}

export function writeRange(range: Range): { from: string | null; to: string | null } {
  if (!isLast(range)) return { from: new Date(range.start).toISOString(), to: new Date(range.end).toISOString() };
  return { from: isLast(DEFAULT) && range.last === DEFAULT.last ? null : range.last, to: null };
}

/** As the API takes it. The server reckons "now": the clock of the reader may be wrong. */
export function parametersOf(range: Range): { start_time: string; end_time?: string } {
  if (isLast(range)) return { start_time: `now-${range.last}` };
  return { start_time: new Date(range.start).toISOString(), end_time: new Date(range.end).toISOString() };
}

export function labelOf(range: Range, zone: Zone): string {
  if (isLast(range)) return LASTS.find(([text]) => text === range.last)?.[1] ?? `Last ${span(lengthMs(range))}`;
  return `${moment(range.start, zone)} – ${moment(range.end, zone)}`;
}

const STEPS = "1s 5s 10s 15s 30s 1m 2m 5m 10m 15m 30m 1h 2h 3h 6h 12h 1d 1w".split(" ");

/** The shortest step of a chart that makes at most so many of them: more than there is room for is only noise. */
export function stepOf(range: Range, points = 96): string {
  const length = lengthMs(range);
  return STEPS.find((step) => length / (lengthOf(step) ?? 1) <= points) ?? "1w";
}

/** Drag on a chart: at least a second, whole milliseconds. */
export function zoomed(start: number, end: number): Range {
  const from = Math.floor(Math.min(start, end));
  return { start: from, end: Math.max(from + 1000, Math.ceil(Math.max(start, end))) };
}

/** Twice as long, with the same middle, and not past `now`. */
export function widened(range: { start: number; end: number }, now: number): Range {
  const length = range.end - range.start;
  const end = Math.min(range.end + length / 2, Math.max(now, range.end));
  return { start: Math.floor(end - 2 * length), end: Math.ceil(end) };
}
