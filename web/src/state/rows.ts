/** j and k go through the rows of a page, in all its tables; the row's own link has the focus, so Enter opens it. */
import type { Binding } from "./keyboard.svelte";

const ROW = "[data-row]";

function walk(by: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLElement>(`main ${ROW}`)];
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  const next = rows[at < 0 ? (by === 1 ? 0 : rows.length - 1) : at + by];
  const link = next?.querySelector<HTMLElement>("a");
  link?.focus({ preventScroll: true });
  next?.scrollIntoView({ block: "nearest" });
}

export const ROW_KEYS: Binding[] = [
  { key: "j", does: "next row", act: () => walk(1) },
  { key: "k", does: "row before", act: () => walk(-1) },
  {
    key: "Enter",
    does: "open the row",
    act: () => document.activeElement?.closest(ROW)?.querySelector<HTMLElement>("a")?.click(),
  },
];
