/** What may follow what is being typed, asked of the server when one pauses for a moment. */
import { ask } from "../../api/client";
import { charactersOf, unitsOf } from "../../format/text";
import { asked, composed } from "./asked.svelte";
import type { Offer } from "./offer";

const PAUSE_MS = 70;
const SHOWN_MAX = 60;

export function completion() {
  let offers = $state.raw<Offer[]>([]);
  let place = $state.raw<[number, number]>([0, 0]);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let ending: AbortController | null = null;

  async function look(text: string, at: number): Promise<void> {
    ending?.abort();
    const own = (ending = new AbortController());
    const { text: whole, before } = composed(text);
    try {
      const parameters = { ...asked.parameters(), q: whole, at: before + charactersOf(text, at) };
      const found = await ask("/query/complete", parameters, { signal: own.signal });
      if (ending !== own) return;
      place = [unitsOf(text, found.start - before), unitsOf(text, found.end - before)];
      const typed = text.slice(...place);
      offers = found.suggestions.filter((one) => one.text !== typed).slice(0, SHOWN_MAX);
    } catch {
      // Nothing can be offered: what is wrong is told when it is asked.
      if (ending === own) offers = [];
    }
  }
  return {
    get offers(): Offer[] {
      return offers;
    },
    /** Which part of the text a choice takes the place of. */
    get place(): [number, number] {
      return place;
    },
    after(text: string, at: number): void {
      clearTimeout(timer);
      timer = setTimeout(() => void look(text, at), PAUSE_MS);
    },
    end(): void {
      clearTimeout(timer);
      ending?.abort();
      ending = null;
      offers = [];
    },
  };
}
