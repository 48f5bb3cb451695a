/**
 * Reads answers beside the page: a worker. A page of events may have 16 MB; to take it apart would stop the page for
 * as long, and of each event a table needs some hundred bytes.
 */
import { problemOf, UNREACHABLE } from "../api/problem";
import { rowsOf, type Event, type Row } from "./field";

export interface Order {
  number: number;
  url: string;
  fields: string[];
}
export interface Page {
  rows: Row[];
  matched: number;
  next: string | null;
  /** The server's clock when it was asked. */
  at: number;
}
export type Told = { number: number } & ({ page: Page } | { refused: object; status: number });

const running = new Map<number, AbortController>();

self.addEventListener("message", (event: MessageEvent<Order | { end: number }>) => {
  if ("end" in event.data) running.get(event.data.end)?.abort();
  else void answer(event.data);
});

async function answer({ number, url, fields }: Order): Promise<void> {
  const ending = new AbortController();
  running.set(number, ending);
  try {
    const response = await fetch(url, { credentials: "same-origin", signal: ending.signal });
    if (!response.ok) {
      const { message, ...rest } = await problemOf(response);
      return tell({ number, status: response.status, refused: { ...rest, detail: message } });
    }
    const found = (await response.json()) as {
      events: Event[];
      matched: number;
      next_cursor: string | null;
      basis: { end_time: string | null };
    };
    const at = Date.parse(found.basis.end_time ?? response.headers.get("Date") ?? "") || Date.now();
    tell({ number, page: { rows: rowsOf(found.events, fields), matched: found.matched, next: found.next_cursor, at } });
  } catch {
    if (!ending.signal.aborted) tell({ number, status: 0, refused: { detail: UNREACHABLE } });
  } finally {
    running.delete(number);
  }
}

const tell = (told: Told): void => self.postMessage(told);
