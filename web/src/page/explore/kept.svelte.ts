/** What the reader did here before and wants again: kept by the browser, in no address. */

/** A list under a name. What cannot be read, or not be written, is no reason to fail. */
function list<T>(name: string, isOne: (value: unknown) => value is T, most: number, first: T[] = []) {
  const key = `pulsestream.${name}`;
  let all = $state.raw<T[]>(read() ?? first);

  function read(): T[] | null {
    try {
      const found: unknown = JSON.parse(localStorage.getItem(key) ?? "null");
      return Array.isArray(found) ? found.filter(isOne).slice(0, most) : null;
    } catch {
      return null;
    }
  }
  return {
    get all(): T[] {
      return all;
    },
    set all(to: T[]) {
      all = to.slice(0, most);
      try {
        localStorage.setItem(key, JSON.stringify(all));
      } catch {
        // No room, or not allowed: it holds until the page is left.
      }
    },
  };
}

const isText = (value: unknown): value is string => typeof value === "string" && value.length > 0;

const QUERIES_MAX = 20;
const queries = list("queries", isText, QUERIES_MAX);

/** Queries that were asked, the newest first. */
export const recent = {
  get all(): string[] {
    return queries.all;
  },
  add(query: string): void {
    if (query && query !== queries.all[0]) queries.all = [query, ...queries.all.filter((one) => one !== query)];
  },
};

export interface SavedView {
  name: string;
  /** Parameters of the page's address. */
  parameters: string;
}
const isView = (value: unknown): value is SavedView =>
  typeof value === "object" && value !== null && "name" in value && "parameters" in value && isText(value.name);

export const saved = list("views", isView, 100);

/** Tags and values in the payload that the reader wants counted too. */
export const added = list("facets.added", isText, 20);

/** Facets that are open. */
export const opened = list("facets", isText, 40, [
  "severity",
  "status_class",
  "service",
  "endpoint",
  "environment",
  "method",
]);
