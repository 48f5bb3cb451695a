import { describe, expect, test } from "vitest";
import { laid, readCompare, timesBefore } from "./compare";

describe("the time that is compared with", () => {
  test("of the last so long the server reckons it", () => {
    expect(timesBefore({ last: "1h" }, "previous")).toEqual({ start_time: "now-7200s", end_time: "now-3600s" });
    expect(timesBefore({ last: "15m" }, "last_week")).toEqual({ start_time: "now-605700s", end_time: "now-604800s" });
  });
  test("of a range it ends where that begins, or is a week earlier", () => {
    const range = { start: Date.UTC(2026, 4, 8, 10), end: Date.UTC(2026, 4, 8, 12) };
    expect(timesBefore(range, "previous")).toEqual({
      start_time: "2026-05-08T08:00:00.000Z",
      end_time: "2026-05-08T10:00:00.000Z",
    });
    expect(timesBefore(range, "last_week").start_time).toBe("2026-05-01T10:00:00.000Z");
  });
  test("what an address does not say, or says wrong, is the time before", () =>
    expect([undefined, "x", "none"].map((one) => readCompare(new URLSearchParams(one && { compare: one })))).toEqual([
      "previous",
      "previous",
      "none",
    ]));
});

describe("earlier values under the steps of now", () => {
  test("each under the step that began so much later", () =>
    expect(laid([100, 110, 120], [0, 10, 20], [1, null, 3], 100, 10)).toEqual([1, null, 3]));
  test("the nearest one, where the shift is no whole number of steps", () =>
    expect(laid([100, 110, 120], [0, 10, 20, 30], [1, 2, 3, 4], 96, 10)).toEqual([1, 2, 3]));
  test("none where there is none near", () =>
    expect(laid([100, 110, 120], [10], [2], 100, 10)).toEqual([null, 2, null]));
});
