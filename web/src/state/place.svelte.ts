/** Where the reader is: the address of the page, and its parameters. All that a page shows follows from it. */

let path = $state(location.pathname);
let query = $state(location.search);
const parameters = $derived(new URLSearchParams(query));

window.addEventListener("popstate", read);

function read(): void {
  path = location.pathname;
  query = location.search;
}

export const place = {
  get path(): string {
    return path;
  },
  get parameters(): URLSearchParams {
    return parameters;
  },
};

type Values = Record<string, string | string[] | null | undefined>;

/** The parameters with some of them changed: null and "" leave one out. */
export function changed(before: URLSearchParams, values: Values): URLSearchParams {
  const after = new URLSearchParams(before);
  for (const [name, value] of Object.entries(values)) {
    after.delete(name);
    for (const one of Array.isArray(value) ? value : [value]) if (one) after.append(name, one);
  }
  return after;
}

/** An address. Colons and slashes stay as they are: people read addresses. */
export function href(to: string, values: URLSearchParams): string {
  const text = values.toString().replace(/%3A/gi, ":").replace(/%2F/gi, "/").replace(/%2C/gi, ",");
  return to + (text && `?${text}`);
}

/** Go to a page; `replace` where back should not lead here again. */
export function go(to: string, options: { replace?: boolean } = {}): void {
  if (to === location.pathname + location.search) return;
  history[options.replace ? "replaceState" : "pushState"](null, "", to);
  const moved = location.pathname !== path;
  read();
  if (moved) scrollTo(0, 0);
}

/** The same page with other parameters. */
export function set(values: Values, options: { replace?: boolean } = {}): void {
  go(href(path, changed(parameters, values)), options);
}

/** What holds on every page, and so goes along with every link. */
const KEPT = ["from", "to", "env"];

/** A link to a page, with the time range and what else is kept. */
export function link(to: string, values: Values = {}): string {
  const kept = new URLSearchParams();
  for (const name of KEPT) for (const value of parameters.getAll(name)) kept.append(name, value);
  return href(to, changed(kept, values));
}

/** Clicks on our own links change the page without loading it again. */
export function followLinks(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
  const anchor = (event.target as Element | null)?.closest?.("a");
  if (!anchor || anchor.target || anchor.hasAttribute("download") || anchor.origin !== location.origin) return;
  if (anchor.pathname.startsWith("/api/")) return;
  // To a place on this page: the browser goes there, with the focus.
  if (anchor.hash && anchor.pathname === location.pathname && anchor.search === location.search) return;
  event.preventDefault();
  go(anchor.pathname + anchor.search);
}
