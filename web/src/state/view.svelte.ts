/** The time range and the filters that every page shares, as they stand in the address. */
import { place, set } from "./place.svelte";
import { parametersOf, readRange, writeRange, type Range } from "./range";

const range = $derived(readRange(place.parameters));
const environments = $derived(place.parameters.getAll("env"));
const names = $derived(place.parameters.getAll("service"));

/** A word of the query language: in quotes where it has to be. */
export function quoted(word: string): string {
  return /^[\w./{}-]+$/.test(word) && !/^(AND|OR|NOT)$/i.test(word) ? word : `"${word.replace(/(["\\])/g, "\\$1")}"`;
}

/** `field:value`, or any of several values; "" for none. */
export function term(field: string, values: string[]): string {
  if (values.length === 0) return "";
  const words = values.map(quoted);
  return words.length === 1 ? `${field}:${words[0]}` : `${field}:(${words.join(" OR ")})`;
}

/** Conditions that must all hold. */
export const both = (...terms: string[]): string =>
  terms
    .map((one) => one.trim())
    .filter(Boolean)
    .map((one, _at, all) => (all.length > 1 && /\bOR\b/i.test(one) ? `(${one})` : one))
    .join(" ");

export const view = {
  get range(): Range {
    return range;
  },
  get environments(): string[] {
    return environments;
  },
  get services(): string[] {
    return names;
  },
  /** The filters as a query, without a time. */
  get filter(): string {
    return both(term("environment", environments), term("service", names));
  },
  /** Of a question about this range, with these filters and another condition. */
  parameters(also = ""): { start_time: string; end_time?: string; q?: string; fresh: boolean } {
    const q = both(view.filter, also);
    // A page says how fresh it is; it does not wait for what was sent a moment ago.
    return { ...parametersOf(range), ...(q && { q }), fresh: false };
  },
};

export const setRange = (to: Range, options: { replace?: boolean } = {}): void => set(writeRange(to), options);
