import { describe, expect, test } from "vitest";
import { DEFAULT, lengthOf, parametersOf, readRange, stepOf, widened, writeRange, zoomed, type Range } from "./range";

const written = (range: Range): URLSearchParams => {
  const found = new URLSearchParams();
  for (const [name, value] of Object.entries(writeRange(range))) if (value) found.set(name, value);
  return found;
};

describe("a time range in the address of a page", () => {
  test.each<Range>([
    { last: "1h" },
    { last: "24h" },
    { last: "90d" },
    { start: 1_764_000_000_000, end: 1_764_000_060_000 },
  ])("%o is read as it was written", (range) => expect(readRange(written(range))).toEqual(range));

  test.each([
    "",
    "from=",
    "from=never",
    "from=0h",
    "from=999999w",
    "from=1h&to=now",
    "from=2026-01-02&to=2026-01-01",
    "to=2026-01-01",
  ])("what cannot be read, %s, is the last hour", (text) =>
    expect(readRange(new URLSearchParams(text))).toEqual(DEFAULT),
  );

  test("the server reckons now, and a range between two moments stands as it is", () => {
    expect(parametersOf({ last: "15m" })).toEqual({ start_time: "now-15m" });
    expect(parametersOf({ start: 0, end: 1000 })).toEqual({
      start_time: "1970-01-01T00:00:00.000Z",
      end_time: "1970-01-01T00:00:01.000Z",
    });
  });

  test.each([
    ["5m", "5s"],
    ["1h", "1m"],
    ["24h", "15m"],
    ["30d", "12h"],
  ])("a chart of %s has steps of %s", (last, step) => expect(stepOf({ last })).toBe(step));

  test("lengths have a unit", () => {
    expect([lengthOf("90s"), lengthOf("2w"), lengthOf("5"), lengthOf("h")]).toEqual([
      90_000,
      1_209_600_000,
      null,
      null,
    ]);
  });

  test("a drag to the left zooms as one to the right does, and to a second at least", () => {
    expect(zoomed(5000.4, 1000.9)).toEqual({ start: 1000, end: 5001 });
    expect(zoomed(1000, 1001)).toEqual({ start: 1000, end: 2000 });
  });

  test("twice the time ends now at the latest", () => {
    expect(widened({ start: 1000, end: 2000 }, 10_000)).toEqual({ start: 500, end: 2500 });
    expect(widened({ start: 1000, end: 2000 }, 2000)).toEqual({ start: 0, end: 2000 });
  });
});
