/** Rows as they arrive, the newest first: so many are kept, and while somebody reads they wait. */
import { untrack } from "svelte";
import { address } from "../api/client";
import type { Row } from "./field";
import { readTail } from "./reading";

export const KEPT = 2000;
const FIRST = 50;
const WINDOW_MS = 5000;

export interface Tail {
  readonly rows: Row[];
  /** Arrived, and not among `rows` yet. */
  readonly waiting: number;
  /** The server had more than we took. */
  readonly dropped: number;
  readonly connected: boolean;
  /** Arrived a second, of late. */
  readonly rate: number;
}

/** To be called while a component is made. `holds`: what arrives waits. Nothing is read while nobody sees the page. */
export function tail(q: () => string, fields: () => string[], holds: () => boolean): Tail {
  let rows = $state.raw<Row[]>([]);
  let held: Row[] = [];
  let waiting = $state(0);
  let dropped = $state(0);
  let connected = $state(false);
  let rate = $state(0);
  let seen = $state(!document.hidden);
  let frame = 0;
  let arrivals: [number, number][] = [];

  /** Once a frame, whatever came since. */
  function show(): void {
    frame = 0;
    if (holds()) {
      waiting = Math.max(waiting, held.length);
      return;
    }
    if (held.length) rows = [...held.reverse(), ...rows].slice(0, KEPT);
    held = [];
    waiting = 0;
  }
  function soon(): void {
    frame ||= requestAnimationFrame(show);
  }
  function count(): void {
    const now = performance.now();
    arrivals = arrivals.filter(([at]) => now - at < WINDOW_MS);
    rate = arrivals.reduce((sum, [, many]) => sum + many, 0) / (WINDOW_MS / 1000);
  }

  $effect(() => {
    const look = (): void => void (seen = !document.hidden);
    document.addEventListener("visibilitychange", look);
    return () => document.removeEventListener("visibilitychange", look);
  });
  $effect(() => {
    if (!seen) return;
    const url = address("/query/tail", { q: q(), last: FIRST });
    const names = fields();
    rows = [];
    held = [];
    arrivals = [];
    untrack(() => (waiting = dropped = 0));
    let first = true;
    const end = readTail(url, names, {
      arrived(found) {
        held.push(...found);
        if (held.length > KEPT) held = held.slice(-KEPT);
        if (holds()) waiting += found.length;
        // Those from before we came say nothing about now.
        if (!first) arrivals.push([performance.now(), found.length]);
        first = false;
        count();
        soon();
      },
      dropped: (many) => (dropped += many),
      connected: (is) => (connected = is),
    });
    const timer = setInterval(count, 1000);
    return () => {
      end();
      clearInterval(timer);
      cancelAnimationFrame(frame);
      frame = 0;
      connected = false;
    };
  });
  $effect(() => {
    if (!holds()) soon();
  });

  return {
    get rows() {
      return rows;
    },
    get waiting() {
      return waiting;
    },
    get dropped() {
      return dropped;
    },
    get connected() {
      return connected;
    },
    get rate() {
      return rate;
    },
  };
}
