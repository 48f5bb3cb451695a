/** The minutes that the server tells, made ready for charts. */
import type { Schema } from "../../api/client";
import { OUTCOMES, type Outcome } from "../../state/outcome";

export type Minute = Schema["Minute"];

export interface Step {
  /** When it begins, in milliseconds. */
  at: number;
  outcomes: Record<Outcome, number>;
  reasons: Record<string, number>;
}

/** So many minutes together, in steps that begin where the clock has a multiple of them: the first and last may be cut. */
export function together(minutes: Minute[], size: number): Step[] {
  const steps: Step[] = [];
  for (const minute of minutes) {
    const length = size * 60_000;
    const at = Math.floor(Date.parse(minute.minute) / length) * length;
    let step = steps.at(-1);
    if (step?.at !== at) steps.push((step = { at, outcomes: none(), reasons: {} }));
    for (const outcome of OUTCOMES) step.outcomes[outcome] += minute[outcome];
    for (const [reason, events] of Object.entries(minute.reasons))
      step.reasons[reason] = (step.reasons[reason] ?? 0) + events;
  }
  return steps;
}

const none = (): Record<Outcome, number> => ({ stored: 0, duplicate: 0, rejected: 0, rate_limited: 0, overloaded: 0 });

/** Of all these steps, by reason: the most frequent first. */
export function reasonsOf(steps: Step[]): [string, number][] {
  const sums: Record<string, number> = {};
  for (const step of steps)
    for (const [reason, events] of Object.entries(step.reasons)) sums[reason] = (sums[reason] ?? 0) + events;
  return Object.entries(sums).sort(([one, few], [other, many]) => many - few || one.localeCompare(other));
}
