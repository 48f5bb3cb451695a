/** What the bad requests have in common, and the others do not. */
import type { Answer } from "../../api/client";
import { interval } from "./verdict";

type Facets = Answer<"/query/facets">;

export interface Suspect {
  field: string;
  value: string | number | boolean;
  /** Of the bad requests, and of all. */
  ofBad: number;
  ofAll: number;
}

/** Fewer are not worth a word, however sure. */
const LEAST_MORE = 0.15;

/**
 * Of each field the value that most more of the bad requests have than of all; those that are much more than chance makes
 * (99 % confidence), the clearest first. A field that all has no counts of (error codes) is about the bad ones alone.
 */
export function suspects(bad: Facets, all: Facets): Suspect[] {
  const found: Suspect[] = [];
  for (const facet of bad.facets) {
    const others = all.facets.find((one) => one.field === facet.field);
    let best: Suspect | null = null;
    for (const { value, count } of facet.values) {
      if (value === null) continue;
      // What is not among the most frequent of all is rarer than the last of them: that is the most it can be.
      const rarest = others && others.distinct > others.values.length ? (others.values.at(-1)?.count ?? 0) : 0;
      const of = others?.values.find((one) => one.value === value)?.count ?? rarest;
      const one = { field: facet.field, value, ofBad: count / bad.matched, ofAll: of / Math.max(1, all.matched) };
      if (!best || one.ofBad - one.ofAll > best.ofBad - best.ofAll) best = one;
    }
    if (!best || best.ofBad - best.ofAll < LEAST_MORE) continue;
    const [low] = interval(best.ofBad, bad.matched);
    if (low > best.ofAll) found.push(best);
  }
  return found.sort((one, other) => other.ofBad - other.ofAll - (one.ofBad - one.ofAll));
}
