/** What an event says of a field of the query language. */
import type { Schema } from "../api/client";
import { words } from "../state/word";

export type Event = Schema["StoredEvent"];
export type Cell = string | number | boolean | null;

const MAX = 400; // characters of a cell: nobody reads more on one line

const PATHS: Record<string, string> = {
  ...Object.fromEntries(
    ["timestamp", "received_at", "event_id", "event_type", "severity", "title", "message"].map((one) => [one, one]),
  ),
  ...Object.fromEntries(
    ["service", "endpoint", "method", "version", "environment"].map((one) => [one, `source.${one}`]),
  ),
  ...Object.fromEntries(
    ["status_code", "response_time_ms", "request_size_bytes", "response_size_bytes", "cache_hit"].map((one) => [
      one,
      `metrics.${one}`,
    ]),
  ),
  ...Object.fromEntries(
    ["user_id", "session_id", "request_id", "ip_address", "user_agent", "referrer"].map((one) => [
      one,
      `context.${one}`,
    ]),
  ),
  ...Object.fromEntries(["country", "region", "city", "device_type"].map((one) => [one, `context.tags.${one}`])),
  ...Object.fromEntries(["trace_id", "span_id", "parent_span_id"].map((one) => [one, `trace.${one}`])),
  ...Object.fromEntries(
    ["error_code", "error_message", "error_type", "stack_trace"].map((one) => [one, `error_details.${one}`]),
  ),
};

export const FIELDS = [...Object.keys(PATHS), "status_class"];

function at(value: unknown, keys: string[]): unknown {
  let found = value;
  for (const key of keys) {
    if (typeof found !== "object" || found === null || Array.isArray(found)) return null;
    found = Object.hasOwn(found, key) ? (found as Record<string, unknown>)[key] : null;
  }
  return found;
}

function cellOf(value: unknown): Cell {
  if (value === null || value === undefined) return null;
  if (typeof value === "string") return value.length > MAX ? value.slice(0, MAX + 1) : value;
  if (typeof value === "number" || typeof value === "boolean") return value;
  return JSON.stringify(value).slice(0, MAX + 1);
}

/** The way of `payload."order.id".parts` into an event: quoted dots are a part of a key. */
export function keysOf(name: string): string[] {
  const word = words(name)[0];
  if (!word) return [];
  const keys: string[] = [];
  let from = 0;
  for (let end = word.mask.indexOf("."); end >= 0; end = word.mask.indexOf(".", from)) {
    keys.push(word.text.slice(from, end));
    from = end + 1;
  }
  return [...keys, word.text.slice(from)];
}

/** How to read a field of many events: its name is taken apart once. */
export function reader(field: string): (event: Event) => Cell {
  if (field === "call") return (event) => [event.source.method, event.source.endpoint].filter(Boolean).join(" ");
  if (field === "summary") return (event) => cellOf(event.error_details?.error_message ?? event.message ?? event.title);
  if (field === "status_class")
    return (event) => (event.metrics?.status_code ? `${Math.floor(event.metrics.status_code / 100)}xx` : null);
  if (field === "trace_id") return (event) => cellOf(event.trace?.trace_id ?? at(event.payload, ["trace_id"]));
  const path = PATHS[field];
  if (path) {
    const keys = path.split(".");
    return (event) => cellOf(at(event, keys));
  }
  if (field.startsWith("tag.")) {
    const name = words(field)[0]?.text.slice(4) ?? "";
    return (event) => cellOf(at(event.context?.tags, [name]));
  }
  const keys = keysOf(field);
  return /^(payload|metadata)\./.test(field) ? (event) => cellOf(at(event, keys)) : () => null;
}

export interface Row {
  id: string;
  severity: string | null;
  /** One for each column. */
  cells: Cell[];
}

/** Of events as much as a table shows: of 100,000 whole ones a browser would run out of memory. */
export function rowsOf(events: Event[], fields: string[]): Row[] {
  const readers = fields.map(reader);
  return events.map((event) => ({
    id: event.event_id,
    severity: event.severity,
    cells: readers.map((read) => read(event)),
  }));
}
