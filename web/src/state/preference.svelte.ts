/** What a reader chose for good, kept by the browser: no part of an address, for a link must not change it. */
import type { Zone } from "../format/time";

function kept<T extends string>(name: string, choices: readonly T[], otherwise: T) {
  const found = localStorage.getItem(`pulsestream.${name}`) as T | null;
  let value = $state(found !== null && choices.includes(found) ? found : otherwise);
  return {
    get value(): T {
      return value;
    },
    set value(to: T) {
      value = to;
      localStorage.setItem(`pulsestream.${name}`, to);
    },
  };
}

export const zone = kept<Zone>("zone", ["local", "UTC"], "local");
export const theme = kept<"system" | "light" | "dark">("theme", ["system", "light", "dark"], "system");
