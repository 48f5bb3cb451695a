import { describe, expect, test } from "vitest";
import { interval, worse } from "./verdict";

const measured = (requests: number, error_rate: number, p95_ms = 100) => ({ requests, error_rate, p95_ms });

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
  test("slower by a third, where there are requests enough", () => {
    expect(worse(measured(200, 0, 140), measured(200, 0, 100)).slower).toBe(true);
    expect(worse(measured(20, 0, 140), measured(200, 0, 100)).slower).toBe(false);
    expect(worse(measured(200, 0, 120), measured(200, 0, 100)).slower).toBe(false);
  });
  test("nothing is known of one without requests", () =>
    expect(worse(measured(0, 0, 0), measured(0, 0, 0))).toEqual({ errors: false, slower: false }));
});
