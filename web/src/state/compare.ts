/** What a time is compared with: the time before it, of the same length, or the same time a week earlier. */
import { isLast, lengthMs, type Range } from "./range";

export type Compare = "previous" | "last_week" | "none";
export const COMPARES: [Compare, string][] = [
  ["previous", "Against the time before"],
  ["last_week", "Against last week"],
  ["none", "Against nothing"],
];

const WEEK_MS = 7 * 86_400_000;

export function readCompare(parameters: URLSearchParams): Compare {
  const found = parameters.get("compare");
  return found === "last_week" || found === "none" ? found : "previous";
}

/** How much earlier it was, in milliseconds. */
export const shiftMs = (range: Range, compare: Compare): number =>
  compare === "last_week" ? WEEK_MS : lengthMs(range);

/** That earlier time, as the API takes it: also then the server reckons "now". */
export function timesBefore(range: Range, compare: Compare): { start_time: string; end_time: string } {
  const shift = shiftMs(range, compare);
  if (!isLast(range)) {
    return {
      start_time: new Date(range.start - shift).toISOString(),
      end_time: new Date(range.end - shift).toISOString(),
    };
  }
  const ago = (length: number): string => `now-${Math.round(length / 1000)}s`;
  return { start_time: ago(shift + lengthMs(range)), end_time: ago(shift) };
}

/**
 * Values of earlier steps, laid under the steps of now: each under the one that began `shift` later, or nearest to that,
 * where the shift is no whole number of steps. Null where there is none as near as half a step.
 */
export function laid(
  times: number[],
  earlier: number[],
  values: (number | null)[],
  shift: number,
  step: number,
): (number | null)[] {
  let at = 0;
  return times.map((time) => {
    const meant = time - shift;
    const off = (index: number): number => Math.abs((earlier[index] ?? Infinity) - meant);
    while (off(at + 1) < off(at)) at += 1;
    return off(at) <= step / 2 ? (values[at] ?? null) : null;
  });
}
