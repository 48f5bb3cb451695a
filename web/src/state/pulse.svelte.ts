/**
 * What the server says of itself once a second: how much came in, and whether there is something new to ask about.
 * Only a page that is seen listens.
 */
import { address, ask } from "../api/client";
import { OUTCOMES, type Outcome } from "./outcome";

interface Message {
  at: string;
  position: number;
  events: number;
  lag_s: number;
  received: number;
  outcomes: Record<Outcome, number>;
}

export interface Beat {
  at: number;
  received: number;
  outcomes: Record<Outcome, number>;
}

const KEPT = 90;
const AGAIN_MS = 3000;

let source: EventSource | null = null;
let wanted = 0;
let last: Message | null = null;
let latest = $state.raw<Message | null>(null);
let beats = $state.raw<Beat[]>([]);
let connected = $state(false);

/** What came between two messages, a second. Null where the server began to count anew between them. */
export function beatOf(before: Message, now: Message): Beat | null {
  const seconds = (Date.parse(now.at) - Date.parse(before.at)) / 1000;
  if (seconds <= 0 || now.received < before.received) return null;
  const outcomes = Object.fromEntries(
    OUTCOMES.map((one) => [one, (now.outcomes[one] - before.outcomes[one]) / seconds]),
  ) as Record<Outcome, number>;
  return { at: Date.parse(now.at), received: (now.received - before.received) / seconds, outcomes };
}

function take(message: Message): void {
  const beat = last && beatOf(last, message);
  last = message;
  latest = message;
  if (beat) beats = [...beats.slice(1 - KEPT), beat];
}

function open(): void {
  if (source || wanted === 0 || document.hidden) return;
  source = new EventSource(address("/query/pulse"));
  source.addEventListener("open", () => (connected = true));
  source.addEventListener("error", () => {
    connected = false;
    if (source?.readyState === EventSource.CLOSED) refused();
  });
  source.addEventListener("pulse", (event) => take(JSON.parse((event as MessageEvent<string>).data) as Message));
}

function close(): void {
  source?.close();
  source = null;
  connected = false;
  last = null; // what comes after a pause is no rate
}

/** The browser tries again by itself where a connection broke; not where it was answered, by a proxy or with 401. */
function refused(): void {
  close();
  // Whoever asks in a session that is over is told why, and is signed out.
  ask("/ingestion/rate-limit").catch(() => {});
  setTimeout(open, AGAIN_MS);
}

document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));

export const pulse = {
  get latest(): Message | null {
    return latest;
  },
  /** The last seconds, oldest first. */
  get beats(): Beat[] {
    return beats;
  },
  get connected(): boolean {
    return connected;
  },
  /** Listen for as long as somebody does: returns the end of it. */
  listen(): () => void {
    wanted += 1;
    open();
    return () => {
      wanted -= 1;
      if (wanted === 0) {
        close();
        beats = [];
        latest = null;
      }
    };
  },
};
