/**
 * Reads answers beside the page: a worker. A page of events may have 16 MB; to take it apart would stop the page for
 * as long, and of each event a table needs some hundred bytes.
 */
import { problemOf, UNREACHABLE } from "../api/problem";
import { rowsOf, type Event, type Row } from "./field";

export type Order = { number: number; url: string; fields: string[]; kind: "page" | "tail" } | { end: number };

export interface Page {
  rows: Row[];
  matched: number;
  next: string | null;
  /** The server's clock when it was asked. */
  at: number;
}
export type Told = { number: number } & (
  | { page: Page }
  | { refused: object; status: number }
  | { arrived: Row[] }
  | { dropped: number }
  | { connected: boolean }
);

const running = new Map<number, () => void>();

self.addEventListener("message", (event: MessageEvent<Order>) => {
  const order = event.data;
  if ("end" in order) {
    running.get(order.end)?.();
    running.delete(order.end);
  } else if (order.kind === "tail") listen(order.number, order.url, order.fields);
  else void answer(order.number, order.url, order.fields);
});

const tell = (told: Told): void => self.postMessage(told);

async function answer(number: number, url: string, fields: string[]): Promise<void> {
  const ending = new AbortController();
  running.set(number, () => ending.abort());
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

/** As they arrive. The browser connects again by itself, and says where it was. */
function listen(number: number, url: string, fields: string[]): void {
  const source = new EventSource(url);
  running.set(number, () => source.close());
  source.addEventListener("open", () => tell({ number, connected: true }));
  source.addEventListener("error", () => tell({ number, connected: false }));
  source.addEventListener("events", (event: MessageEvent<string>) => {
    const { events } = JSON.parse(event.data) as { events: Event[] };
    tell({ number, arrived: rowsOf(events, fields) });
  });
  source.addEventListener("dropped", (event: MessageEvent<string>) => {
    tell({ number, dropped: (JSON.parse(event.data) as { count: number }).count });
  });
}
