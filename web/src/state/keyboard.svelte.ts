import { untrack } from "svelte";

/** Keys. A page says which it knows while it is there; `?` lists them all. */

export interface Binding {
  /** As it is pressed: "/", "j", "Escape", or "g o" for one after the other. */
  key: string;
  does: string;
  act: () => void;
  /** Works while a text is being written too. */
  always?: boolean;
}

let layers = $state.raw<Binding[][]>([]);
let first = "";
let firstAt = 0;

export const keyboard = {
  /** Every binding there is now; of two with one key the newer is meant. */
  get bindings(): Binding[] {
    const found = new Map<string, Binding>();
    for (const one of layers.flat()) found.set(one.key, one);
    return [...found.values()];
  },
};

/** To be called in an effect: these keys work until it ends. */
export function keys(bindings: Binding[]): () => void {
  layers = [...untrack(() => layers), bindings];
  return () => {
    layers = untrack(() => layers).filter((one) => one !== bindings);
  };
}

const writes = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable ||
    /^(TEXTAREA|SELECT)$/.test(target.tagName) ||
    (target instanceof HTMLInputElement && !/^(checkbox|radio|button|range)$/.test(target.type)));

export function press(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.altKey) return;
  const writing = writes(event.target);
  const pressed = event.key === " " ? "Space" : event.key;
  const pair = event.timeStamp - firstAt < 1200 ? `${first} ${pressed}` : "";
  const all = layers.flat().reverse();
  const found = all.find((one) => one.key === pair) ?? all.find((one) => one.key === pressed);
  first = writing ? "" : pressed;
  firstAt = event.timeStamp;
  if (!found || (writing && !found.always)) return;
  // Enter and Space on a button or a link are that button's.
  if (/^(Enter|Space)$/.test(pressed) && (event.target as Element).closest?.("a, button, summary")) return;
  event.preventDefault();
  first = "";
  found.act();
}
