/** Whether one version is worse than another, as far as its requests can tell. */

export interface Measured {
  requests: number;
  error_rate: number | null;
  p95_ms: number | null;
}

/** 99 % of the time a share is within this many standard errors. */
const Z = 2.576;
const LEAST_REQUESTS = 50;
const LEAST_SLOWER = 1.3;

/** Wilson's interval, by Newcombe 1998, method 3. */
export function interval(share: number, of: number): [number, number] {
  if (of === 0) return [0, 1];
  const z2 = Z * Z;
  const middle = share + z2 / (2 * of);
  const half = Z * Math.sqrt((share * (1 - share) + z2 / (4 * of)) / of);
  return [(middle - half) / (1 + z2 / of), (middle + half) / (1 + z2 / of)];
}

/** "errors", "slower", both or nothing. Shares have to be apart with 99 % confidence; a p95 needs 50 requests of each. */
export function worse(one: Measured, than: Measured): { errors: boolean; slower: boolean } {
  const [low] = interval(one.error_rate ?? 0, one.requests);
  const [, high] = interval(than.error_rate ?? 0, than.requests);
  const enough = Math.min(one.requests, than.requests) >= LEAST_REQUESTS;
  const slower = enough && (one.p95_ms ?? 0) >= LEAST_SLOWER * (than.p95_ms ?? Infinity);
  return { errors: low > high, slower };
}
