/** Which of a few colours a number gets: steps that people can name, from those that the numbers reach. */

/** Of the style sheet, from calm to bad. */
export const SHADES = Array.from({ length: 5 }, (_, at) => `--shade-${at + 1}`);

const LADDER = [1, 1.5, 2, 3, 5, 7];

/**
 * Where each colour but the first begins: four steps of a ladder, about as far apart as the numbers need. `low` and `high`
 * of the numbers; the steps are at least `floor`, below which nobody cares.
 */
export function stepsOf(low: number, high: number, floor: number): number[] {
  const rungs: number[] = [];
  for (let power = Math.floor(Math.log10(floor)); power < 12; power += 1) {
    for (const rung of LADDER) {
      const value = Number((rung * 10 ** power).toPrecision(3));
      if (value >= floor) rungs.push(value);
    }
  }
  const first = Math.max(
    0,
    rungs.findIndex((rung) => rung > low),
  );
  const last = rungs.findIndex((rung) => rung >= high);
  const every = Math.max(1, Math.ceil((last - first) / 4));
  return [0, 1, 2, 3].map((at) => rungs[first + at * every] ?? Infinity);
}

export const shadeOf = (value: number, steps: number[]): number => steps.filter((step) => value >= step).length;
