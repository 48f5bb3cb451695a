/** What is offered while one types, and what becomes of the text when it is chosen. */
import type { Schema } from "../../api/client";

export interface Offer {
  text: string;
  kind: Schema["Sort"] | "recent";
  detail: string;
  count: number | null;
}

/** The text with what was chosen in the place of [start, end), and where the cursor is then. */
export function chosen(text: string, start: number, end: number, offer: Offer): { text: string; at: number } {
  const finished = offer.kind !== "field" ? !/^[<>]/.test(offer.text) : !/[:.]$/.test(offer.text);
  const gap = finished && !/^\s/.test(text.slice(end)) ? " " : "";
  const left = text.slice(0, start) + offer.text + gap;
  const past = finished && !gap ? 1 : 0;
  return { text: left + text.slice(end), at: left.length + past };
}
