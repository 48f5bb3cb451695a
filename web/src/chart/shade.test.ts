import { expect, test } from "vitest";
import { shadeOf, stepsOf } from "./shade";

test("steps are numbers that people can name, where the values are", () => {
  expect(stepsOf(0.021, 0.034, 0.01)).toEqual([0.03, 0.05, 0.07, 0.1]);
  expect(stepsOf(112, 640, 10)).toEqual([150, 200, 300, 500]);
});

test("nothing that is tiny counts as bad", () => {
  expect(shadeOf(0.002, stepsOf(0, 0.002, 0.01))).toBe(0);
});

test.each([
  [0, 0, 0.01],
  [0, 1, 0.01],
  [3, 3, 10],
  [1, 90_000, 10],
])("four steps that rise, from %d to %d", (low, high, floor) => {
  const steps = stepsOf(low, high, floor);
  expect(steps).toHaveLength(4);
  expect([...steps].sort((one, other) => one - other)).toEqual(steps);
  expect(new Set(steps).size).toBe(4);
});

test("the highest value is of the last two colours where there is a difference", () => {
  const steps = stepsOf(50, 900, 10);
  expect(shadeOf(50, steps)).toBe(0);
  expect(shadeOf(900, steps)).toBeGreaterThanOrEqual(3);
});
