/** The time range and the filters that every page shares, as they stand in the address. */
import { zoneId } from "../format/time";
import { place, set } from "./place.svelte";
import { zone } from "./preference.svelte";
import { both, term } from "./term";
import { parametersOf, readRange, writeRange, type Range } from "./range";

const range = $derived(readRange(place.parameters));
const environments = $derived(place.parameters.getAll("env"));
const names = $derived(place.parameters.getAll("service"));

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
  parameters(also = ""): { start_time: string; end_time?: string; q?: string; tz?: string; fresh: boolean } {
    const q = both(view.filter, also);
    // A page says how fresh it is; it does not wait for what was sent a moment ago.
    const tz = zoneId(zone.value); // days begin where the reader's do
    return { ...parametersOf(range), ...(q && { q }), ...(tz !== "UTC" && { tz }), fresh: false };
  },
};

export const setRange = (to: Range, options: { replace?: boolean } = {}): void => set(writeRange(to), options);
