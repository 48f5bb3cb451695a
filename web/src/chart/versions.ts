/** Versions that were seen for the first time, as marks on charts. */
import type { Answer } from "../api/client";
import type { Mark } from "./TimeChart.svelte";

export function marksOf(found: Answer<"/query/versions"> | null): Mark[] {
  const fresh = found?.versions.filter((one) => one.new) ?? [];
  return fresh.map((one) => ({ at: Date.parse(one.first_seen), label: `${one.service} ${one.version}` }));
}
