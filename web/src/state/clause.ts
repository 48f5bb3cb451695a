/**
 * The text of a query, taken apart as far as a click may change it: the conditions that stand beside each other, which
 * of them say one value of a field, and where a time stands. What it cannot take apart it leaves as it is.
 */
import { both, term } from "./term";
import { isEither, isOperator, isPlain, words, type Word } from "./word";

/** Short names of fields, and the long ones that the API answers with. */
const LONG: Record<string, string> = {
  time: "timestamp",
  ts: "timestamp",
  id: "event_id",
  type: "event_type",
  level: "severity",
  sev: "severity",
  msg: "message",
  svc: "service",
  path: "endpoint",
  route: "endpoint",
  release: "version",
  env: "environment",
  status: "status_code",
  class: "status_class",
  latency: "response_time_ms",
  duration: "response_time_ms",
  response_time: "response_time_ms",
  request_size: "request_size_bytes",
  response_size: "response_size_bytes",
  size: "response_size_bytes",
  cache: "cache_hit",
  user: "user_id",
  session: "session_id",
  request: "request_id",
  ip: "ip_address",
  agent: "user_agent",
  ua: "user_agent",
  referer: "referrer",
  device: "device_type",
  trace: "trace_id",
  span: "span_id",
  parent: "parent_span_id",
  parent_span: "parent_span_id",
  stack: "stack_trace",
};

/** One condition: from where to where, and what it says of which field where that is plain. */
export interface Clause {
  start: number;
  end: number;
  negated: boolean;
  /** Long name; "has" for `has:`; null where it is none of `field:value` and `field:(a OR b)`. */
  field: string | null;
  values: string[];
}

/** Those that must all hold; null where alternatives stand at the top, or parentheses do not match. */
export function clauses(query: string): Clause[] | null {
  if (isEither(query)) return null;
  const all = words(query);
  const found: Clause[] = [];
  let at = 0;
  while (at < all.length) {
    const first = all[at] as Word;
    if (first.text === "AND" && isPlain(first, query)) {
      at += 1;
      continue;
    }
    let negated = false;
    while (all[at]?.text === "NOT" && isPlain(all[at] as Word, query)) {
      negated = !negated;
      at += 1;
    }
    const word = all[at];
    if (!word || word.mask === ")") return null;
    let last = at;
    const opens = word.mask === "(" ? at : all[at + 1]?.mask === "(" && all[at + 1]?.start === word.end ? at + 1 : -1;
    if (opens >= 0) {
      last = closing(all, opens);
      if (last < 0) return null;
    }
    found.push({ ...said(query, all, at, last, negated), start: first.start, end: (all[last] as Word).end });
    at = last + 1;
  }
  return found;
}

function closing(all: Word[], opens: number): number {
  let depth = 0;
  for (let at = opens; at < all.length; at += 1) {
    if (all[at]?.mask === "(") depth += 1;
    if (all[at]?.mask === ")") depth -= 1;
    if (depth === 0) return at;
  }
  return -1;
}

function said(query: string, all: Word[], at: number, last: number, not: boolean): Omit<Clause, "start" | "end"> {
  const word = all[at] as Word;
  const dashes = /^-*/.exec(word.mask)?.[0].length ?? 0;
  const negated = not !== (dashes % 2 === 1);
  const nothing = { negated, field: null, values: [] };
  const colon = word.mask.indexOf(":");
  if (colon <= dashes) return nothing;
  const field = longName(word.text.slice(dashes, colon), word.mask.slice(dashes, colon));
  const behind = { ...word, text: word.text.slice(colon + 1), mask: word.mask.slice(colon + 1) };
  if (last === at) return isValue(behind, query) ? { negated, field, values: [behind.text] } : nothing;
  if (behind.mask) return nothing;
  const inside = all.slice(at + 2, last);
  const values = inside.filter((_, index) => index % 2 === 0);
  const joints = inside.filter((_, index) => index % 2 === 1);
  const plain =
    inside.length % 2 === 1 &&
    joints.every((one) => one.text === "OR") &&
    values.every((one) => isValue(one, query) && !isOperator(one, query));
  return plain ? { negated, field, values: values.map((one) => one.text) } : nothing;
}

/** One value to be equal to: no wildcard, no range, no order. */
const isValue = (word: Word, query: string): boolean =>
  !/^[<>()]|\*|\.\.|^\dxx$/i.test(word.mask) && (word.text !== "" || query.slice(0, word.end).endsWith('"'));

/** A dot that was quoted stays quoted: payload."a.b" is another key than payload.a.b. */
function longName(text: string, mask: string): string {
  if (!mask.includes('"') || !/["\\.\s]/.test(text)) return LONG[text.toLowerCase()] ?? folded(text);
  return folded(
    mask
      .split(".")
      .reduce<{ names: string[]; at: number }>(
        ({ names, at }, part) => ({
          names: [...names, key(text.slice(at, at + part.length))],
          at: at + part.length + 1,
        }),
        { names: [], at: 0 },
      )
      .names.join("."),
  );
}
const folded = (name: string): string =>
  name.replace(/^tags\./i, "tag.").replace(/^(tag|payload|metadata)\./i, (root) => root.toLowerCase());

/** The part of a name, as `payload.KEY` has it. */
export const key = (name: string): string =>
  /^[\p{L}\p{N}_@/-]+$/u.test(name) ? name : `"${name.replace(/(["\\])/g, "\\$1")}"`;

/** Of a tag: dots are a part of its name. */
export const tagField = (name: string): string => `tag.${/^[\p{L}\p{N}_.@/-]+$/u.test(name) ? name : key(name)}`;

/** What a query says of a field's value: "in" where it must be it, "out" where it must not. */
export function standing(query: string, field: string, value: string | null): "in" | "out" | null {
  for (const one of clauses(query) ?? []) {
    if (value === null ? one.field === "has" && one.values.includes(field) : isOf(one, field, value)) {
      return one.negated === (value === null) ? "in" : "out";
    }
  }
  return null;
}

const isOf = (one: Clause, field: string, value: string): boolean => one.field === field && one.values.includes(value);

/** Whether any term is about the field's values. */
export const isAbout = (query: string, field: string): boolean =>
  (clauses(query) ?? []).some((one) => one.field === field || (one.field === "has" && one.values.includes(field)));

/** The values that the query names of a field, wanted or not. */
export const valuesOf = (query: string, field: string): string[] => [
  ...new Set((clauses(query) ?? []).filter((one) => one.field === field).flatMap((one) => one.values)),
];

/** The values of which a field must have one; null where any will do. */
export function wanted(query: string, field: string): string[] | null {
  const found = (clauses(query) ?? []).filter((one) => one.field === field && !one.negated);
  return found.length ? found.flatMap((one) => one.values) : null;
}

/** The query with the value among those that are wanted. Null: events that have none. */
export function include(query: string, field: string, value: string | null): string {
  const rest = without(query, field, value);
  if (value === null) return both(rest, `-has:${field}`);
  const known = clauses(rest)?.find((one) => one.field === field && !one.negated);
  if (!known) return both(rest, term(field, [value]));
  return rest.slice(0, known.start) + term(field, [...known.values, value]) + rest.slice(known.end);
}

/** The query with the value among those that are not wanted. Null: events must have one. */
export const exclude = (query: string, field: string, value: string | null): string =>
  both(without(query, field, value), value === null ? `has:${field}` : `-${term(field, [value])}`);

/** The query without what it says of this value. */
export function without(query: string, field: string, value: string | null): string {
  return rewritten(query, (one) => {
    if (value === null) return one.field === "has" && one.values.length === 1 && one.values[0] === field ? [] : null;
    if (!isOf(one, field, value)) return null;
    return one.values.filter((other) => other !== value);
  });
}

/** The query without what it says of a field: to see what else there is. */
export const apart = (query: string, field: string): string =>
  rewritten(query, (one) =>
    one.field === field || (one.field === "has" && one.values.length === 1 && one.values[0] === field) ? [] : null,
  );

/** `left` says which values of a term stay; null leaves it as it is. */
function rewritten(query: string, left: (one: Clause) => string[] | null): string {
  const parts: string[] = [];
  let from = 0;
  for (const one of clauses(query) ?? []) {
    const values = left(one);
    if (!values) continue;
    parts.push(query.slice(from, one.start).trim());
    if (values.length) parts.push((one.negated ? "-" : "") + term(one.field ?? "", values));
    from = one.end;
  }
  if (from === 0) return query.trim();
  parts.push(query.slice(from).trim());
  // What joined it to the term before it has nothing to join any more.
  return parts
    .filter(Boolean)
    .join(" ")
    .replace(/^(AND )+|( AND)+$/g, "")
    .replace(/ AND( AND)+ /g, " AND ");
}

const DATE = /^\d{4}-\d{2}-\d{2}/;
const MOMENT = /^(now|today|yesterday|(now)?[+-]\d.*|\d{4}-\d{2}-\d{2}.*)$/i;

/** Where the time of a query stands: [from, to] of each of its words. At the top only, as the language has it. */
export function times(query: string): [number, number][] {
  const found: [number, number][] = [];
  const all = words(query);
  let depth = 0;
  all.forEach((word, at) => {
    if (word.mask === "(") depth += 1;
    if (word.mask === ")") depth -= 1;
    if (depth > 0) return;
    const next = all[at + 1];
    const name = word.text.toLowerCase();
    if (/^(timestamp|time|ts):(?!\*$)./i.test(word.mask)) found.push([word.start, word.end]);
    if (!isPlain(word, query)) return;
    if (name === "last" && next && /^\d/.test(next.mask)) {
      const unit = /^\d+$/.test(next.text) ? all[at + 2] : undefined;
      found.push([word.start, (unit ?? next).end]);
    } else if (name === "last" && next && /^(minute|hour|day|week|second)s?$/i.test(next.mask)) {
      found.push([word.start, next.end]);
    } else if (/^(since|until|before)$/.test(name) && next && MOMENT.test(next.mask)) {
      found.push([word.start, next.end]);
    } else if (isRange(word.text) && !/^(last|since|until|before)$/i.test(all[at - 1]?.text ?? "")) {
      found.push([word.start, word.end]);
    }
  });
  return found;
}

function isRange(text: string): boolean {
  const at = text.indexOf("..");
  if (at < 0) return DATE.test(text);
  const [left, right] = [text.slice(0, at), text.slice(at + 2)];
  return MOMENT.test(left || right);
}

/** The time of a query, as it stands in it. */
export const timeOf = (query: string): string =>
  times(query)
    .map(([start, end]) => query.slice(start, end))
    .join(" ");

/** The query without its time, for where another one is meant. */
export function timeless(query: string): string {
  let [left, from] = ["", 0];
  for (const [start, end] of times(query)) {
    left += query.slice(from, start);
    from = end;
  }
  return (left + query.slice(from)).replace(/\s+/g, " ").trim();
}
