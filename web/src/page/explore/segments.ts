/** A query as pieces that are coloured: what it names, how it joins, and which part the server could not read. */
import { isOperator, words } from "../../state/word";

export type Kind = "name" | "operator" | "text";
export interface Segment {
  text: string;
  kind: Kind;
  wrong: boolean;
}

/** `wrong`: from where to where, in UTF-16 units; null where nothing is. */
export function segments(query: string, wrong: [number, number] | null): Segment[] {
  const cuts: [number, number, Kind][] = [];
  for (const word of words(query)) {
    const colon = word.mask.indexOf(":");
    if (/^[()]$/.test(word.mask) || isOperator(word, query)) cuts.push([word.start, word.end, "operator"]);
    // Where nothing before the colon was quoted, it is as far in the query as in the word.
    else if (colon > 0 && !word.mask.slice(0, colon).includes('"'))
      cuts.push([word.start, word.start + colon + 1, "name"]);
  }
  const edges = new Set([0, query.length, ...cuts.flatMap(([start, end]) => [start, end]), ...(wrong ?? [])]);
  const sorted = [...edges].filter((edge) => edge <= query.length).sort((one, other) => one - other);
  return sorted.slice(1).map((end, at) => {
    const start = sorted[at] ?? 0;
    const kind = cuts.find(([from, to]) => from <= start && end <= to)?.[2] ?? "text";
    return { text: query.slice(start, end), kind, wrong: wrong !== null && wrong[0] <= start && end <= wrong[1] };
  });
}
