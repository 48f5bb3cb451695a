/** Versions that were seen for the first time, as marks on charts; without the service's name where all are of one. */
import type { Answer } from "../api/client";
import { visible } from "../format/text";
import type { Mark } from "./TimeChart.svelte";

export function marksOf(found: Answer<"/query/versions"> | null, ofOne = false): Mark[] {
  const fresh = found?.versions.filter((one) => one.new) ?? [];
  return fresh.map((one) => ({
    at: Date.parse(one.first_seen),
    label: visible(ofOne ? one.version : `${one.service} ${one.version}`, 80),
  }));
}
