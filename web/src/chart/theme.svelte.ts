/** The colours in force, for what is drawn on a canvas, which knows no variables of a style sheet. */
import { theme } from "../state/preference.svelte";

const system = matchMedia("(prefers-color-scheme: dark)");
let systemDark = $state(system.matches);
system.addEventListener("change", (event) => (systemDark = event.matches));

export const isDark = (): boolean => (theme.value === "system" ? systemDark : theme.value === "dark");

/** To be called in an effect, first of all: what follows in it reads the new colours. */
export function applyTheme(): void {
  document.documentElement.dataset.theme = isDark() ? "dark" : "light";
}

/** A variable of the style sheet, such as "--series-1". Read where the theme is a dependency. */
export function colour(name: string): string {
  const dark = isDark();
  // Whoever draws may run before the shell's own effect.
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

export const SERIES = Array.from({ length: 8 }, (_, at) => `--series-${at + 1}`);
