/** What the worker reads: pages of rows, and rows as they arrive. */
import { Problem } from "../api/problem";
import type { Row } from "./field";
import type { Order, Page, Told } from "./reader";

let worker: Worker | null = null;
let numbers = 0;
const listeners = new Map<number, (told: Told) => void>();

function send(order: Order): void {
  if (!worker) {
    worker = new Worker(new URL("./reader.ts", import.meta.url), { type: "module" });
    worker.addEventListener("message", (event: MessageEvent<Told>) => listeners.get(event.data.number)?.(event.data));
  }
  worker.postMessage(order);
}

function end(number: number): void {
  if (listeners.delete(number)) send({ end: number });
}

/** Raises Problem. Where `signal` ends it, it never answers. */
export function readPage(url: string, fields: string[], signal: AbortSignal): Promise<Page> {
  const number = (numbers += 1);
  return new Promise((take, refuse) => {
    listeners.set(number, (told) => {
      listeners.delete(number);
      if ("page" in told) take(told.page);
      else if ("refused" in told) refuse(new Problem(told.status, told.refused));
    });
    signal.addEventListener("abort", () => end(number));
    send({ number, url, fields, kind: "page" });
  });
}

interface Listener {
  /** In order of arrival. */
  arrived: (rows: Row[]) => void;
  /** We were too slow for so many. */
  dropped: (count: number) => void;
  connected: (is: boolean) => void;
}

/** Until the function that it gives is called. */
export function readTail(url: string, fields: string[], to: Listener): () => void {
  const number = (numbers += 1);
  listeners.set(number, (told) => {
    if ("arrived" in told) to.arrived(told.arrived);
    else if ("dropped" in told) to.dropped(told.dropped);
    else if ("connected" in told) to.connected(told.connected);
  });
  send({ number, url, fields, kind: "tail" });
  return () => end(number);
}
