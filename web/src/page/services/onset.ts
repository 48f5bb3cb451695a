/**
 * Since when it is so: the stretch of time in which more of the requests were bad than outside of it.
 * Kulldorff's scan statistic for shares (Communications in Statistics 26, 1997): of all stretches of steps the one
 * that is the least likely where the share was the same all the time.
 */

export interface Stretch {
  /** The first step of it, and the one after its last. */
  from: number;
  to: number;
  /** Shares within and outside of it; null where no request is outside. */
  within: number;
  outside: number | null;
}

/** Twice this is 20: by chance alone once in some thousands of ranges of 120 steps. */
const LEAST = 10;

const part = (hits: number, of: number): number => (hits > 0 && of > 0 ? hits * Math.log(hits / of) : 0);
/** Logarithm of how likely so many hits are, at their own share. */
const likely = (hits: number, of: number): number => part(hits, of) + part(of - hits, of);

/** `hits` of `totals` requests were bad in each step. Null where no stretch stands out. */
export function stretch(hits: (number | null)[], totals: (number | null)[]): Stretch | null {
  const [bad, all] = [sums(hits), sums(totals)];
  const count = totals.length;
  const [allBad, allOf] = [bad[count] ?? 0, all[count] ?? 0];
  const level = likely(allBad, allOf);
  let best = LEAST;
  let found: Stretch | null = null;
  for (let from = 0; from < count; from += 1) {
    for (let to = from + 1; to <= count; to += 1) {
      const within = (bad[to] ?? 0) - (bad[from] ?? 0);
      const of = (all[to] ?? 0) - (all[from] ?? 0);
      const [rest, restOf] = [allBad - within, allOf - of];
      if (within === 0 || restOf === 0 || within / of <= rest / restOf) continue;
      const by = likely(within, of) + likely(rest, restOf) - level;
      if (by <= best) continue;
      best = by;
      found = { from, to, within: within / of, outside: rest / restOf };
    }
  }
  return found && fitted(found, totals);
}

/** Steps without requests say nothing: it begins with the first that has some, and lasts until one shows its end. */
function fitted(found: Stretch, totals: (number | null)[]): Stretch {
  let { from, to } = found;
  while (from < to && !totals[from]) from += 1;
  while (to < totals.length && !totals[to]) to += 1;
  return { ...found, from, to };
}

function sums(values: (number | null)[]): number[] {
  const found = [0];
  for (const value of values) found.push((found.at(-1) ?? 0) + (value ?? 0));
  return found;
}
