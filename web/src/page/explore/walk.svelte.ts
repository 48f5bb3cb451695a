/** From one event to the next, in the list that is there, by whoever shows one of them. */

interface List {
  /** Which one is meant, counted from 0; -1 for none. */
  at: () => number;
  length: () => number;
  step: (by: number) => void;
}
let list = $state.raw<List | null>(null);

export const walk = {
  /** To be called in an effect: this list is the one, until the effect ends. */
  through(one: List): () => void {
    list = one;
    return () => {
      if (list === one) list = null;
    };
  },
  get before(): boolean {
    return (list?.at() ?? 0) > 0;
  },
  get after(): boolean {
    return list !== null && list.at() >= 0 && list.at() < list.length() - 1;
  },
  step(by: number): void {
    list?.step(by);
  },
};
