import { describe, expect, test } from "vitest";
import { ago, clock, exactly, moment, span } from "./time";

const plain = (text: string): string => text.replaceAll("\u202f", " ");
const AT = Date.UTC(2025, 9, 3, 14, 5, 9, 123);

describe("a time is written in the zone that was chosen", () => {
  test("UTC is UTC wherever the reader is", () => {
    expect(clock(AT, "UTC")).toBe("14:05");
    expect(moment(AT, "UTC")).toBe("03 Oct, 14:05");
    expect(plain(exactly(AT, "UTC"))).toBe("03 Oct 2025, 14:05:09 UTC");
  });

  test.each([
    [0, "0 ms"],
    [180, "180 ms"],
    [3_000, "3 s"],
    [15 * 60_000, "15 min"],
    [90_000, "1 min 30 s"],
    [(2 * 24 + 4) * 3_600_000, "2 d 4 h"],
    [86_400_000 + 5_000, "1 d"],
  ])("%d ms take %s", (length, meant) => expect(plain(span(length))).toBe(meant));

  test.each([
    [0, "just now"],
    [12_000, "12 s ago"],
    [3 * 3_600_000 + 1, "3 h ago"],
  ])("%d ms are %s", (passed, meant) => expect(plain(ago(AT, AT + passed))).toBe(meant));
});
