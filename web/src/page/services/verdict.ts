/** Whether one version is worse than another, as far as its requests can tell. */

export interface Measured {
  requests: number;
  error_rate: number | null;
  p50_ms: number | null;
  p75_ms: number | null;
  p90_ms: number | null;
  p95_ms: number | null;
}

/** 99 % of the time a share is within this many standard errors. */
const Z = 2.576;
const LEAST_SLOWER = 1.3;

/** Wilson's interval, by Newcombe 1998, method 3. */
export function interval(share: number, of: number): [number, number] {
  if (of === 0) return [0, 1];
  const z2 = Z * Z;
  const middle = share + z2 / (2 * of);
  const half = Z * Math.sqrt((share * (1 - share) + z2 / (4 * of)) / of);
  return [(middle - half) / (1 + z2 / of), (middle + half) / (1 + z2 / of)];
}

/**
 * A quantile below the p95, as the server's health takes it: where that is over the usual p95 too, few requests are no
 * excuse. Null where there are too few to say.
 */
function sure(one: Measured): number | null {
  if (one.requests >= 300) return one.p90_ms;
  if (one.requests >= 30) return one.p75_ms;
  return one.requests >= 5 ? one.p50_ms : null;
}

/** Shares have to be apart with 99 % confidence; a p95 has to be a third higher, and the quantile below it higher too. */
export function worse(one: Measured, than: Measured): { errors: boolean; slower: boolean } {
  const [low] = interval(one.error_rate ?? 0, one.requests);
  const [, high] = interval(than.error_rate ?? 0, than.requests);
  const usual = than.p95_ms ?? Infinity;
  const slower = (one.p95_ms ?? 0) >= LEAST_SLOWER * usual && (sure(one) ?? 0) > usual;
  return { errors: low > high, slower };
}
