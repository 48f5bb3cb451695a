import { describe, expect, it } from "vitest";
import { reasonsOf, together, type Minute } from "./minutes";

const minute = (at: string, stored: number, reasons: Record<string, number> = {}): Minute => {
  const rejected = Object.values(reasons).reduce((sum, one) => sum + one, 0);
  const outcomes = { stored, duplicate: 0, rejected, rate_limited: 0, overloaded: 0 };
  return { minute: `2026-05-04T${at}:00Z`, received: stored + rejected, ...outcomes, reasons, cost: null };
};
const MINUTES = [
  minute("10:08", 1, { invalid: 2 }),
  minute("10:09", 2),
  minute("10:10", 4, { invalid: 1, conflict: 5 }),
  minute("10:11", 8),
];

describe("minutes", () => {
  it("are put together from where the clock has a round number", () => {
    const steps = together(MINUTES, 10);
    expect(steps.map((step) => new Date(step.at).toISOString().slice(11, 16))).toEqual(["10:00", "10:10"]);
    expect(steps.map((step) => step.outcomes.stored)).toEqual([3, 12]);
    expect(steps[1]?.outcomes.rejected).toBe(6);
  });
  it("stay as they are, one by one", () => {
    expect(together(MINUTES, 1).map((step) => step.outcomes.stored)).toEqual([1, 2, 4, 8]);
  });
  it("have reasons, the most frequent first, and lose none", () => {
    const steps = together(MINUTES, 10);
    expect(reasonsOf(steps)).toEqual([
      ["conflict", 5],
      ["invalid", 3],
    ]);
    expect(steps.map((step) => step.reasons)).toEqual([{ invalid: 2 }, { invalid: 1, conflict: 5 }]);
  });
});
