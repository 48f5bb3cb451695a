/** Conditions of the query language, as a page writes them. */
import { isEither } from "./word";

/** A word as the language reads it back: in quotes where it has to be. */
export function quoted(word: string): string {
  return /^[\p{L}\p{N}_/](?:[\p{L}\p{N}_/{}@+-]|\.(?!\.))*$/u.test(word) && !/^(AND|OR|NOT)$/i.test(word)
    ? word
    : `"${word.replace(/(["\\])/g, "\\$1")}"`;
}

/** `field:value`, or any of several values; "" for none. */
export function term(field: string, values: string[]): string {
  if (values.length === 0) return "";
  const words = values.map(quoted);
  return words.length === 1 ? `${field}:${words[0]}` : `${field}:(${words.join(" OR ")})`;
}

/** Conditions that must all hold; "" for none. One that a person wrote may have an OR in it, which binds less. */
export function both(...terms: string[]): string {
  const some = terms.map((one) => one.trim()).filter(Boolean);
  return some.map((one) => (some.length > 1 && isEither(one) ? `(${one})` : one)).join(" ");
}
