/** The rows of a table, page by page as they are needed: some hundred at first, more as one scrolls. */
import { untrack } from "svelte";
import { address } from "../api/client";
import { Problem } from "../api/problem";
import type { Row } from "./field";
import { readPage } from "./reading";

export const PAGE = 200;
export const ROWS_MAX = 100_000;

type Parameters = Record<string, string | number | boolean | undefined>;

export interface Rows {
  /** Grows; `length` is what to wait for. */
  readonly all: Row[];
  readonly length: number;
  /** Events that match, on all pages; null until the server has said. */
  readonly matched: number | null;
  readonly whole: boolean;
  readonly loading: boolean;
  /** Of another question than is asked now. */
  readonly stale: boolean;
  readonly problem: Problem | null;
  /** When the first page was read, by the server's clock. */
  readonly at: number;
  more(): void;
  /** From the beginning; what is there stays until then. */
  again(): void;
}

/** To be called while a component is made. Null asks nothing. */
export function rows(asked: () => Parameters | null, fields: () => string[]): Rows {
  let all: Row[] = [];
  let length = $state(0);
  let version = $state(0);
  let matched = $state<number | null>(null);
  let at = $state(0);
  let next = $state<string | null>(null);
  let loading = $state(false);
  let stale = $state(false);
  let problem = $state.raw<Problem | null>(null);
  let ending: AbortController | null = null;
  let now: { parameters: Parameters; fields: string[] } | null = null;

  async function read(cursor: string | null): Promise<void> {
    if (!now) return;
    ending?.abort();
    const own = (ending = new AbortController());
    loading = true;
    try {
      const limit = Math.min(PAGE, ROWS_MAX);
      const url = address("/query/events", { ...now.parameters, limit, cursor });
      const page = await readPage(url, now.fields, own.signal);
      if (ending !== own) return;
      if (cursor) all.push(...page.rows);
      else {
        all = page.rows;
        at = page.at;
      }
      length = all.length;
      version += 1;
      matched = page.matched;
      next = page.next;
      problem = null;
      stale = false;
    } catch (error) {
      if (ending !== own) return;
      problem = error instanceof Problem ? error : new Problem(0, { detail: String(error) });
    }
    loading = false;
    ending = null;
  }

  $effect(() => {
    const parameters = asked();
    const wanted = fields();
    untrack(() => {
      now = parameters && { parameters, fields: wanted };
      stale = length > 0;
      if (now) void read(null);
    });
  });
  $effect(() => () => ending?.abort());

  return {
    get all() {
      void version;
      return all;
    },
    get length() {
      return length;
    },
    get matched() {
      return matched;
    },
    get whole() {
      return next === null || length >= ROWS_MAX;
    },
    get loading() {
      return loading;
    },
    get stale() {
      return stale;
    },
    get problem() {
      return problem;
    },
    get at() {
      return at;
    },
    more() {
      if (!loading && next !== null && length < ROWS_MAX && !stale) void read(next);
    },
    again() {
      void read(null);
    },
  };
}
