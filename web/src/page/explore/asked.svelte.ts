/** What the Explore page asks about, all of it from the address: another one is another view. */
import { charactersOf } from "../../format/text";
import { zoneId } from "../../format/time";
import { readColumns, readSort, writeColumns, writeSort, NEWEST, type Sort } from "../../table/columns";
import { place, set } from "../../state/place.svelte";
import { zone } from "../../state/preference.svelte";
import { parametersOf, writeRange, zoomed, type Range } from "../../state/range";
import { timeless, times } from "../../state/clause";
import { both, term } from "../../state/term";
import { isEither } from "../../state/word";
import { view } from "../../state/view.svelte";

/** One line: whatever breaks it is a blank, so that positions stay. */
const q = $derived((place.parameters.get("q") ?? "").replace(/[\r\n\t]/g, " "));
const filter = $derived(term("environment", view.environments));

/** With the filters of the bar; `before` is where in it `q` begins, in characters. */
export function composed(text: string, also = ""): { text: string; before: number } {
  const parts = [filter, also].filter(Boolean).join(" ");
  if (!parts) return { text, before: 0 };
  const opened = isEither(text) ? "(" : "";
  return { text: both(parts, text), before: charactersOf(`${parts} ${opened}`, Infinity) };
}

export const asked = {
  get q(): string {
    return q;
  },
  get by(): "severity" | "status_class" {
    return place.parameters.get("by") === "status" ? "status_class" : "severity";
  },
  get columns(): string[] {
    return readColumns(place.parameters.get("cols"));
  },
  get sort(): Sort {
    return readSort(place.parameters.get("sort"));
  },
  get event(): string | null {
    return place.parameters.get("event");
  },
  get tail(): boolean {
    return place.parameters.get("tail") === "1";
  },
  /** Whether the text says which time is meant: then that of the page does not count. */
  get timed(): boolean {
    return times(q).length > 0;
  },
  /** Of every question of the page; `text` where another query than its own is meant. */
  parameters(also = "", text = q): { q?: string; start_time: string; end_time?: string; tz: string; fresh: boolean } {
    const whole = composed(text, also).text.trim();
    return { ...parametersOf(view.range), tz: zoneId(zone.value), fresh: false, ...(whole && { q: whole }) };
  },
};

export const setQuery = (text: string): void => set({ q: text.trim() || null, event: null });
export const setColumns = (names: string[]): void => set({ cols: writeColumns(names) }, { replace: true });
export function setSort(sort: Sort): void {
  const isDefault = sort.name === NEWEST.name && sort.descending;
  set({ sort: isDefault ? null : writeSort(sort) });
}
/** A time chosen on the page takes the place of one in the text. */
export function setTime(range: Range): void {
  set({ ...writeRange(range), q: asked.timed ? timeless(q) || null : q || null });
}
export const zoom = (start: number, end: number): void => setTime(zoomed(start, end));
