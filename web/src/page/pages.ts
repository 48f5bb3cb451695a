/** The pages there are, in the order of the navigation. Another one is a line here. */
import type { IconName } from "../part/Icon.svelte";

export interface Page {
  path: string;
  title: string;
  icon: IconName;
  /** Pressed after g. */
  key: string;
}

export const PAGES: { group: string; pages: Page[] }[] = [
  {
    group: "Observe",
    pages: [
      { path: "/", title: "Overview", icon: "overview", key: "o" },
      { path: "/explore", title: "Explore", icon: "explore", key: "e" },
      { path: "/services", title: "Services", icon: "services", key: "s" },
    ],
  },
  { group: "Send", pages: [{ path: "/ingest", title: "Ingest", icon: "ingest", key: "i" }] },
];

/** Which of them is meant by a path: pages below another belong to it. */
export function pageOf(path: string): Page | undefined {
  const all = PAGES.flatMap((group) => group.pages);
  return (
    all.find((page) => page.path === path) ?? all.find((page) => page.path !== "/" && path.startsWith(`${page.path}/`))
  );
}
