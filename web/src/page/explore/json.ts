/** JSON for reading: objects and lists as lines that open, however large they are, and a search through them. */
import { key } from "../../state/clause";

export interface Entry {
  name: string;
  value: unknown;
  /** As the query language names it; null inside lists, which it does not look into. */
  field: string | null;
}

export const isBranch = (value: unknown): value is object => typeof value === "object" && value !== null;

export const sizeOf = (value: object): number => (Array.isArray(value) ? value.length : Object.keys(value).length);

/** The first `most` of what is inside. */
export function entries(value: object, field: string | null, most: number): Entry[] {
  if (Array.isArray(value))
    return value.slice(0, most).map((one: unknown, at) => ({ name: String(at), value: one, field: null }));
  const found: Entry[] = [];
  for (const name of Object.keys(value)) {
    if (found.length === most) break;
    const inside = field === null || name === "" ? null : `${field}.${key(name)}`;
    found.push({ name, value: (value as Record<string, unknown>)[name], field: inside });
  }
  return found;
}

export interface Hit {
  path: string;
  field: string | null;
  value: unknown;
}

/**
 * Names and values that have the text in them, in any case, at most `most`. It pauses after each `slice` of values, so
 * that a document of any size is searched without stopping the page: take `next()` until it is done.
 */
export function* search(
  root: object,
  field: string | null,
  text: string,
  most: number,
  slice = 20_000,
): Generator<Hit[]> {
  const wanted = text.toLowerCase();
  const hits: Hit[] = [];
  const stack: { path: string; name: string; field: string | null; value: unknown }[] = [];
  const push = (value: object, path: string, own: string | null): void => {
    for (const one of entries(value, own, Infinity).reverse())
      stack.push({ ...one, path: path ? `${path}.${one.name}` : one.name });
  };
  push(root, "", field);
  for (let looked = 1; stack.length > 0 && hits.length < most; looked += 1) {
    const { path, name, field: own, value } = stack.pop() as (typeof stack)[number];
    const says = !isBranch(value) && told(value).toLowerCase().includes(wanted);
    if (says || name.toLowerCase().includes(wanted)) hits.push({ path, field: own, value });
    if (isBranch(value)) push(value, path, own);
    if (looked % slice === 0) yield hits;
  }
  yield hits;
}

// A number with more digits than a double holds stands as a text that begins so. Who sends one of these sees a number.
const EXACT = "\ue000";
const LONG_NUMBER = /[:[,\s]-?(?:\d{16}|\d+\.\d{14})/;
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g;

/** JSON whose numbers keep all their digits: an id of 20 digits is that id. */
export function parse(text: string): unknown {
  if (!LONG_NUMBER.test(text)) return JSON.parse(text);
  return JSON.parse(
    text.replace(TOKEN, (token) =>
      token.startsWith('"') || token.length < 16 || String(Number(token)) === token ? token : `"${EXACT}${token}"`,
    ),
  );
}

const isExact = (value: unknown): value is string => typeof value === "string" && value.startsWith(EXACT);

/** A value that holds no others, as it was sent. */
export const told = (value: unknown): string => (isExact(value) ? value.slice(1) : String(value));
export const typeOf = (value: unknown): string => (value === null ? "null" : isExact(value) ? "number" : typeof value);

/** For a clipboard: indented, all digits there. */
export const written = (value: unknown): string =>
  JSON.stringify(value, null, 2).replace(new RegExp(`"${EXACT}([^"]+)"`, "g"), "$1");

/** How deep it may be opened at first, so that not more than `most` lines are seen. */
export function depthOf(root: object, most: number): number {
  let level: unknown[] = [root];
  let lines = 0;
  for (let depth = 0; depth < 6; depth += 1) {
    const next: unknown[] = [];
    for (const one of level) {
      if (!isBranch(one)) continue;
      lines += sizeOf(one);
      if (lines > most) return depth;
      next.push(...Object.values(one));
    }
    level = next;
  }
  return 6;
}
