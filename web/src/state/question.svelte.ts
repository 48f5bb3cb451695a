/** A question that a part of a page asks, and asks again: its last answer stays until the next is there. */
import { ask, type Answer, type Asked, type Parameters } from "../api/client";
import { Problem } from "../api/problem";
import { live } from "./live.svelte";
import { untrack } from "svelte";

export interface Question<T> {
  readonly answer: T | null;
  readonly problem: Problem | null;
  /** Whether an answer is on its way. */
  readonly loading: boolean;
  /** Whether `answer` is of another question than is asked now: it is shown dimmed. */
  readonly stale: boolean;
  again(): void;
  /** To be told by what shows it, as it comes into view and goes: a lazy question is asked only while it is seen. */
  seen(by: 1 | -1): void;
}

interface Options {
  within?: () => Record<string, string>;
  /** Asked again while the page is live; true if absent. */
  live?: boolean;
  /** Waits until a Panel that shows it is in view: what nobody looks at costs the server nothing. */
  lazy?: boolean;
  /** Waits for that one's answer, which is what a reader looks for first: what is asked at one time is answered late. */
  after?: () => Question<unknown>;
}

/**
 * To be called while a component is made. `parameters` is read like a `$derived`: where it changes, the question is
 * asked anew and the one before is ended, in the server too. Null asks nothing.
 */
export function question<P extends Asked>(
  path: P,
  parameters: () => Parameters<P> | null,
  options: Options = {},
): Question<Answer<P>> {
  let answer = $state.raw<Answer<P> | null>(null);
  let problem = $state.raw<Problem | null>(null);
  let loading = $state(false);
  const asked = $derived(parameters());
  const within = $derived(options.within?.() ?? {});
  const key = $derived(asked === null ? "" : JSON.stringify([asked, within]));
  let sent = ""; // of the request that was made last
  let answered = $state("");
  let forced = $state(0);
  let watching = $state(options.lazy ? 0 : 1);
  let round = -1; // in which it was asked
  let ending: AbortController | null = null;

  async function send(asked: Parameters<P>, within: Record<string, string>, of: string): Promise<void> {
    ending?.abort();
    const own = (ending = new AbortController());
    loading = true;
    try {
      const found = await ask(path, asked, { signal: own.signal, within });
      if (ending !== own) return;
      answer = found;
      problem = null;
      answered = of;
    } catch (error) {
      if (ending !== own || (error instanceof DOMException && error.name === "AbortError")) return;
      problem = error instanceof Problem ? error : new Problem(0, { detail: String(error) });
    }
    loading = false;
    ending = null;
  }

  $effect(() => {
    const [now, inside, of] = [asked, within, key];
    const turn = (options.live === false ? 0 : live.round) + forced;
    const first = options.after?.();
    const early = first !== undefined && !first.problem && (first.answer === null || first.stale);
    const waits = watching <= 0 || early;
    untrack(() => {
      if (now === null) {
        ending?.abort();
        ending = null;
        loading = false;
        sent = "";
        return;
      }
      if (waits) return;
      // While the same is being asked, once more would only make it later. What comes into view again may be answered.
      if (of === sent && (ending || (turn === round && answered === of))) return;
      sent = of;
      round = turn;
      void send(now, inside, of);
    });
  });
  $effect(() => () => {
    ending?.abort();
    ending = null;
  });

  return {
    get answer() {
      return answer;
    },
    get problem() {
      return problem;
    },
    get loading() {
      return loading;
    },
    get stale() {
      return answer !== null && key !== answered;
    },
    again() {
      forced += 1;
    },
    seen(by) {
      watching += by;
    },
  };
}

/** Questions that one panel shows: they are asked while it is seen, and what it waits for is the first one's answer. */
export function together<T>(first: Question<T>, ...others: Question<unknown>[]): Question<T> {
  const all = [first, ...others];
  return {
    get answer() {
      return first.answer;
    },
    get problem() {
      return all.find((one) => one.problem)?.problem ?? null;
    },
    get loading() {
      return first.loading;
    },
    get stale() {
      return first.stale;
    },
    again: () => all.forEach((one) => one.again()),
    seen: (by) => all.forEach((one) => one.seen(by)),
  };
}
