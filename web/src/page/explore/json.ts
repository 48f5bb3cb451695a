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
 * Names and values that have the text in them, in any case: at most `most`, of at most `looked` values. Ends early in
 * a document so large that it would stop the page; `whole` says whether it did not.
 */
export function search(root: object, field: string | null, text: string, most: number, looked = 200_000) {
  const wanted = text.toLowerCase();
  const hits: Hit[] = [];
  let left = looked;
  const stack: [string, string | null, unknown][] = [["", field, root]];
  while (stack.length && left > 0 && hits.length < most) {
    const [path, own, value] = stack.pop() as [string, string | null, unknown];
    left -= 1;
    const name = path.slice(path.lastIndexOf(".") + 1);
    if (path && (has(name, wanted) || (!isBranch(value) && has(String(value), wanted))))
      hits.push({ path, field: own, value });
    if (!isBranch(value)) continue;
    const inside = entries(value, own, left);
    for (const one of inside.reverse()) stack.push([path ? `${path}.${one.name}` : one.name, one.field, one.value]);
  }
  return { hits, whole: stack.length === 0 };
}

const LONG = 1_000_000;
const has = (text: string, wanted: string): boolean => text.slice(0, LONG).toLowerCase().includes(wanted);

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
