/** Pages of rows, read by the worker. */
import { Problem } from "../api/problem";
import type { Page, Told } from "./reader";

let worker: Worker | null = null;
let numbers = 0;
const waiting = new Map<number, { take: (page: Page) => void; refuse: (problem: Problem) => void }>();

function started(): Worker {
  if (worker) return worker;
  worker = new Worker(new URL("./reader.ts", import.meta.url), { type: "module" });
  worker.addEventListener("message", (event: MessageEvent<Told>) => {
    const told = event.data;
    const one = waiting.get(told.number);
    waiting.delete(told.number);
    if ("page" in told) one?.take(told.page);
    else one?.refuse(new Problem(told.status, told.refused));
  });
  return worker;
}

/** Raises Problem. Where `signal` ends it, it never answers. */
export function readPage(url: string, fields: string[], signal: AbortSignal): Promise<Page> {
  const number = (numbers += 1);
  return new Promise((take, refuse) => {
    waiting.set(number, { take, refuse });
    signal.addEventListener("abort", () => {
      waiting.delete(number);
      worker?.postMessage({ end: number });
    });
    started().postMessage({ number, url, fields });
  });
}
