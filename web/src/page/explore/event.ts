/** One event, taken apart for reading: sections with their fields, in the order in which one looks at them. */
import type { Schema } from "../../api/client";
import { tagField } from "../../state/clause";
import type { Kind } from "../../table/columns";

export type Whole = Schema["StoredEvent"];

export interface Line {
  label: string;
  /** By which the query language knows it; null where it does not. */
  field: string | null;
  value: string | number | boolean;
  kind: Kind;
  /** Of several lines, as it was written. */
  block?: boolean;
  /** Has a line of its own, however short it is. */
  wide?: boolean;
}
export interface Section {
  title: string;
  lines: Line[];
}

const LABELS: Record<string, string> = {
  status_code: "Status",
  response_time_ms: "Duration",
  request_size_bytes: "Request size",
  response_size_bytes: "Response size",
  event_id: "Event",
  event_type: "Type",
  user_id: "User",
  session_id: "Session",
  request_id: "Request",
  ip_address: "Address",
  trace_id: "Trace",
  span_id: "Span",
  parent_span_id: "Parent span",
  error_code: "Code",
  error_type: "Type of error",
  error_message: "Message",
  received_at: "Received",
  timestamp: "Time",
};
const KINDS: Record<string, Kind> = {
  timestamp: "time",
  received_at: "time",
  severity: "severity",
  status_code: "status",
  response_time_ms: "ms",
  request_size_bytes: "bytes",
  response_size_bytes: "bytes",
  cache_hit: "flag",
};
const TEXTS = new Set(["severity", "service", "environment", "title", "message", "error_message", "event_type"]);

const WIDE = new Set(["endpoint", "error_message", "title", "message", "timestamp", "received_at"]);

function line(name: string, value: unknown): Line[] {
  if (value === null || value === undefined || value === "") return [];
  const told = typeof value === "number" || typeof value === "boolean" ? value : String(value);
  const label = LABELS[name] ?? name.charAt(0).toUpperCase() + name.slice(1).replace(/_/g, " ");
  const kind = KINDS[name] ?? (TEXTS.has(name) ? "text" : "code");
  return [{ label, field: name, value: told, kind, wide: WIDE.has(name) }];
}

const of = (part: object | null | undefined, names: string[]): Line[] =>
  names.flatMap((name) => line(name, (part as Record<string, unknown> | null | undefined)?.[name]));

/** Sections that have something in them. */
export function sections(event: Whole): Section[] {
  const { source, metrics, context, error_details: error } = event;
  const stack = error?.stack_trace;
  const all: Section[] = [
    {
      title: "Error",
      lines: [
        ...of(error, ["error_code", "error_type", "error_message"]),
        ...(stack ? [{ label: "Stack trace", field: null, value: stack, kind: "code" as const, block: true }] : []),
      ],
    },
    {
      title: "Call",
      lines: [
        ...of(source, ["service", "version", "environment", "method", "endpoint"]),
        ...of(metrics, ["status_code", "response_time_ms", "request_size_bytes", "response_size_bytes", "cache_hit"]),
      ],
    },
    {
      title: "Event",
      lines: of(event, ["timestamp", "received_at", "event_id", "event_type", "severity", "title", "message"]),
    },
    {
      title: "Context",
      lines: of(context, ["user_id", "session_id", "request_id", "ip_address", "user_agent", "referrer"]),
    },
    {
      title: "Tags",
      lines: Object.entries(context?.tags ?? {}).map(([name, value]) => ({
        label: name,
        field: tagField(name),
        value,
        kind: "text",
      })),
    },
    {
      title: "Trace",
      lines: of({ ...event.trace, trace_id: traceOf(event) }, ["trace_id", "span_id", "parent_span_id"]),
    },
  ];
  return all.filter((one) => one.lines.length > 0);
}

/** As the query language has it: from trace, or from the payload. */
export function traceOf(event: Whole): string | null {
  const payload = event.payload as Record<string, unknown> | null;
  const inside = payload && Object.hasOwn(payload, "trace_id") ? payload.trace_id : null;
  return event.trace?.trace_id ?? (typeof inside === "string" && inside ? inside : null);
}

const KNOWN = new Set(
  "event_id event_type timestamp received_at title message severity source metrics context trace error_details payload metadata".split(
    " ",
  ),
);

/** What was sent beyond the known fields. */
export function others(event: Whole): Record<string, unknown> | null {
  const found = Object.entries(event).filter(([name]) => !KNOWN.has(name));
  return found.length ? Object.fromEntries(found) : null;
}

/** For a shell: nothing in it is anything but text. */
export const shellQuoted = (text: string): string => `'${text.replace(/'/g, `'\\''`)}'`;

/** A command that gets this event. */
export function curlOf(origin: string, path: string, key: string): string {
  return `curl -s ${shellQuoted(origin + path)} -H ${shellQuoted(`X-API-Key: ${key || "YOUR_KEY"}`)}`;
}
