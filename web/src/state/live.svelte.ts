/** When a page asks again: while it is live and seen, and something new can be found. */
import { untrack } from "svelte";
import { pulse } from "./pulse.svelte";
import { isLast, lengthMs, type Range } from "./range";
import { view } from "./view.svelte";

let paused = $state(false);
let round = $state(0);
let asked: { position: number; at: number } = { position: -1, at: 0 };

/** The shorter the range, the more a moment changes it: a two-hundredth of it, from 2 s to a minute. */
export function everyMs(range: Range): number {
  return Math.min(60_000, Math.max(2000, lengthMs(range) / 200));
}

export const live = {
  /** Whether this range moves on by itself. */
  get on(): boolean {
    return !paused && isLast(view.range);
  },
  get paused(): boolean {
    return paused;
  },
  set paused(to: boolean) {
    paused = to;
  },
  /** Another number whenever it is time to ask again. */
  get round(): number {
    return round;
  },
  again(): void {
    round += 1;
  },
};

/** To be called once, by the shell, inside an effect: each message of the pulse may be the time to ask. */
export function beat(): void {
  const message = pulse.latest;
  if (!message || !live.on) return;
  const now = performance.now();
  if (now - asked.at < everyMs(view.range)) return;
  // Without new events the figures move too, as old ones leave the range; that is not worth more than a look a minute.
  if (message.position === asked.position && now - asked.at < 30_000) return;
  asked = { position: message.position, at: now };
  untrack(live.again);
}
