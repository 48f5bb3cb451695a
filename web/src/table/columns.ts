/** The columns of a table of events: which there are, how wide they are and how their cells are read. */
import { FIELDS } from "./field";

export type Kind = "time" | "severity" | "status" | "ms" | "bytes" | "number" | "text" | "code" | "flag";

export interface Column {
  /** A field of the query language, or one of ours: `call`, `summary`. */
  name: string;
  label: string;
  kind: Kind;
  /** In px. */
  width: number;
  /** Takes what room is left. */
  grows?: boolean;
  /** What the API sorts by; null where it cannot. */
  sort: string | null;
}

const LABELS: Record<string, string> = {
  timestamp: "Time",
  received_at: "Received",
  event_id: "Event",
  event_type: "Type",
  status_code: "Status",
  status_class: "Class",
  response_time_ms: "Duration",
  request_size_bytes: "Request size",
  response_size_bytes: "Response size",
  cache_hit: "Cache hit",
  user_id: "User",
  session_id: "Session",
  request_id: "Request",
  ip_address: "Address",
  device_type: "Device",
  trace_id: "Trace",
  span_id: "Span",
  parent_span_id: "Parent span",
  call: "Call",
  summary: "Message",
};

const KINDS: Record<string, [Kind, number]> = {
  timestamp: ["time", 116],
  received_at: ["time", 116],
  severity: ["severity", 82],
  status_code: ["status", 60],
  status_class: ["status", 62],
  response_time_ms: ["ms", 82],
  request_size_bytes: ["bytes", 96],
  response_size_bytes: ["bytes", 102],
  cache_hit: ["flag", 78],
  method: ["code", 70],
  version: ["code", 76],
  country: ["text", 70],
  region: ["text", 70],
  endpoint: ["code", 250],
  call: ["code", 236],
  service: ["text", 148],
  environment: ["text", 100],
  title: ["text", 240],
  message: ["text", 280],
  summary: ["text", 170],
  error_message: ["text", 280],
  error_code: ["code", 160],
  event_id: ["code", 200],
  user_id: ["code", 110],
  session_id: ["code", 190],
  request_id: ["code", 200],
  trace_id: ["code", 220],
};

/** Texts in which parts are looked for have no order. */
const UNSORTED = new Set(["title", "message", "user_agent", "referrer", "error_message", "stack_trace", "summary"]);
const GROWING = new Set(["call", "summary", "message", "title", "endpoint", "error_message"]);
const CODES = /_id$|^(ip_address|error_type|user_agent)$/;

export const DEFAULT = ["timestamp", "severity", "service", "call", "status_code", "response_time_ms", "summary"];
export const KNOWN = ["call", "summary", ...FIELDS.filter((one) => one !== "stack_trace")];

const named = (name: string): string => {
  const text = LABELS[name] ?? name.replace(/_/g, " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
};

/** What the day takes beside the time of day. */
const DAY = 58;

/** `days`: times are told with their day. */
export function column(name: string, days = false): Column {
  const isField = KNOWN.includes(name);
  const isText = (isField && !CODES.test(name)) || name.startsWith("tag.");
  const [kind, width] = KINDS[name] ?? [isText ? ("text" as const) : ("code" as const), 140];
  const sort = !isField || UNSORTED.has(name) ? null : name === "call" ? "endpoint" : name;
  const grows = GROWING.has(name);
  const wide = width + (kind === "time" && days ? DAY : 0);
  return { name, label: isField ? named(name) : name, kind, width: wide, sort, ...(grows && { grows }) };
}

export const isNumber = (kind: Kind): boolean => kind === "ms" || kind === "bytes" || kind === "number";

/** From an address: names we do not know are left out, and of none the default is meant. */
export function readColumns(text: string | null): string[] {
  const names = (text ?? "").split(/,(?=(?:[^"]*"[^"]*")*[^"]*$)/).map((one) => one.trim());
  const good = names.filter((one, at) => names.indexOf(one) === at && (KNOWN.includes(one) || isPath(one)));
  return good.length ? good : DEFAULT;
}

export const writeColumns = (names: string[]): string | null =>
  names.length === 0 || names.join() === DEFAULT.join() ? null : names.join(",");

/** `tag.plan`, `payload.amount`. */
export const isPath = (name: string): boolean => /^(tag|payload|metadata)\../.test(name) && name.length <= 400;

/** The widths, for a grid: one column takes the rest, if only the last. */
export function template(columns: Column[]): string {
  const last = columns.length - 1;
  const grown = columns.some((one) => one.grows);
  return columns
    .map((one, at) => (one.grows || (!grown && at === last) ? `minmax(${one.width}px, 1fr)` : `${one.width}px`))
    .join(" ");
}

export const widthOf = (columns: Column[]): number => columns.reduce((sum, one) => sum + one.width, 0);

/** `-service`: the largest first. */
export interface Sort {
  name: string;
  descending: boolean;
}
export const NEWEST: Sort = { name: "timestamp", descending: true };

export function readSort(text: string | null): Sort {
  const found = /^(-?)(\w+)$/.exec(text ?? "");
  const known = found && FIELDS.includes(found[2] ?? "") && !UNSORTED.has(found[2] ?? "");
  return known ? { name: found[2] ?? "", descending: found[1] === "-" } : NEWEST;
}
export const writeSort = (sort: Sort): string => (sort.descending ? "-" : "") + sort.name;
