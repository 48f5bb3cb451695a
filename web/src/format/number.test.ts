import { describe, expect, test } from "vitest";
import { bytes, change, compact, ms, percent, rate, score, short, whole } from "./number";

/** Thin spaces as plain ones: they are what is meant, not what is looked at here. */
const plain = (text: string): string => text.replaceAll("\u202f", " ").replaceAll("\u2212", "-");

describe("a number is written as people read it", () => {
  test.each([
    [whole(0), "0"],
    [whole(1234567), "1 234 567"],
    [whole(-1234), "-1 234"],
    [whole(999.6), "1 000"],
    [short(0.01234), "0.0123"],
    [short(12.345), "12.3"],
    [short(1.5), "1.5"],
    [compact(9999), "9 999"],
    [compact(12_345), "12.3 k"],
    [compact(4_560_000), "4.56 M"],
    [compact(0.25), "0.25"],
    [percent(0.02619), "2.62 %"],
    [percent(0.5), "50 %"],
    [percent(1), "100 %"],
    [percent(0.99951), "99.95 %"],
    [percent(0.00001), "< 0.01 %"],
    [percent(0), "0 %"],
    [ms(0.8), "0.8 ms"],
    [ms(110.35), "110 ms"],
    [ms(1537.3), "1.54 s"],
    [ms(90_000), "1.5 min"],
    [rate(12.34), "12.3 /s"],
    [rate(0.05), "3 /min"],
    [rate(0.0005), "1.8 /h"],
    [rate(0), "0 /s"],
    [rate(0.02, 0.2), "0.02 /s"],
    [rate(0, 0.05), "0 /min"],
    [bytes(13_400), "13.4 kB"],
    [bytes(999), "999 B"],
    [score(0.9536), "0.95"],
    [change(0.25), "+25 %"],
    [change(-0.031), "-3.1 %"],
    [change(0.0001), "±0 %"],
    [change(11), "×12"],
  ])("%s", (found, meant) => expect(plain(found)).toBe(meant));

  test("what is not there is a dash, and never 0", () => {
    for (const format of [whole, short, compact, percent, ms, rate, score, bytes, change]) {
      expect(format(null)).toBe("–");
      expect(format(undefined)).toBe("–");
      expect(format(Number.NaN)).toBe("–");
    }
  });
});
