/** The event that is open, read letter by letter. While another one comes, the one before stays. */
import { address, askText } from "../../api/client";
import { Problem } from "../../api/problem";
import type { Whole } from "./event";
import { parse } from "./json";

/** To be called while a component is made. */
export function reading(id: () => string) {
  let event = $state.raw<Whole | null>(null);
  let problem = $state.raw<Problem | null>(null);
  let round = $state(0);

  async function read(wanted: string, signal: AbortSignal): Promise<void> {
    try {
      // It may have been acknowledged a moment ago: whoever has its id sent it, or was sent here.
      const text = await askText(address("/query/event/{event_id}", {}, { event_id: wanted }), signal);
      if (signal.aborted) return;
      event = parse(text) as Whole;
      problem = null;
    } catch (error) {
      if (signal.aborted) return;
      problem = error instanceof Problem ? error : new Problem(0, { detail: String(error) });
      if (problem.status === 404) event = null;
    }
  }
  $effect(() => {
    void round;
    const ending = new AbortController();
    void read(id(), ending.signal);
    return () => ending.abort();
  });

  return {
    get event(): Whole | null {
      return event;
    },
    get problem(): Problem | null {
      return problem;
    },
    /** What is shown is not what is asked for. */
    get stale(): boolean {
      return event !== null && event.event_id !== id();
    },
    again(): void {
      round += 1;
    },
  };
}
