import { describe, expect, test } from "vitest";
import { interval, worse } from "./verdict";

/** Its quantiles are as those of most services: the p90 a third below the p95. */
const measured = (requests: number, error_rate: number, p95_ms = 100) => ({
  requests,
  error_rate,
  p50_ms: p95_ms * 0.25,
  p75_ms: p95_ms * 0.45,
  p90_ms: p95_ms * 0.7,
  p95_ms,
});

describe("whether a version is worse", () => {
  test("an interval is as Newcombe tells it", () => {
    // 81 of 263 at 95 % are 0.2553 to 0.3662; at 99 % it is wider.
    const [low, high] = interval(81 / 263, 263);
    expect(low).toBeCloseTo(0.2398, 3);
    expect(high).toBeCloseTo(0.3857, 3);
  });
  test("more errors than chance makes", () =>
    expect(worse(measured(200, 0.15), measured(2000, 0.05))).toEqual({ errors: true, slower: false }));
  test("more errors of few requests are chance", () =>
    expect(worse(measured(10, 0.2), measured(2000, 0.05)).errors).toBe(false));
  test("slower, where that is no matter of single requests", () => {
    const usual = measured(2000, 0, 100);
    expect(worse(measured(400, 0, 150), usual).slower).toBe(true);
    expect(worse(measured(400, 0, 120), usual).slower).toBe(false);
    expect(worse(measured(100, 0, 150), usual).slower).toBe(false);
    expect(worse(measured(100, 0, 250), usual).slower).toBe(true);
    expect(worse(measured(4, 0, 900), usual).slower).toBe(false);
  });
  test("nothing is known of one without requests", () =>
    expect(worse(measured(0, 0, 0), measured(0, 0, 0))).toEqual({ errors: false, slower: false }));
});
