import { describe, expect, test } from "vitest";
import { stretch } from "./onset";

const many = (count: number, value: number): number[] => new Array<number>(count).fill(value);

describe("since when it is so", () => {
  test("what began and still goes on reaches to the end", () => {
    const found = stretch([...many(40, 1), ...many(20, 20)], many(60, 100));
    expect(found).toEqual({ from: 40, to: 60, within: 0.2, outside: 0.01 });
  });

  test("what is over has an end", () => {
    const hits = many(60, 1);
    hits.fill(30, 20, 26);
    expect(stretch(hits, many(60, 100))).toMatchObject({ from: 20, to: 26 });
  });

  test("what is as bad all the time began at no time that is seen", () => {
    expect(stretch(many(60, 20), many(60, 100))).toBeNull();
  });

  test("few requests prove nothing", () => {
    expect(stretch([0, 0, 0, 1, 1], [1, 1, 1, 1, 1])).toBeNull();
    expect(stretch([], [])).toBeNull();
  });

  test("fewer bad ones than usual are no trouble", () => {
    expect(stretch([...many(40, 20), ...many(5, 0)], many(45, 100))).not.toMatchObject({ from: 40 });
  });

  test("steps without requests at its sides show neither its beginning nor its end", () => {
    const totals = many(30, 50);
    totals.fill(0, 18, 20).fill(0, 28, 30);
    expect(stretch([...many(20, 0), ...many(8, 25), 0, 0], totals)).toMatchObject({ from: 20, to: 30 });
  });

  test("steps without requests are part of what is around them", () => {
    const totals = many(30, 50);
    totals.fill(0, 22, 24);
    const hits = [...many(20, 0), ...many(10, 25)];
    hits.fill(0, 22, 24);
    expect(stretch(hits, totals)).toMatchObject({ from: 20, to: 30, within: 0.5, outside: 0 });
  });
});
