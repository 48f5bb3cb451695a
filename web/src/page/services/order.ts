/** Which rows of services or endpoints are shown, and in what order. */
import type { Schema } from "../../api/client";

export type Row = Schema["Service"] | Schema["Endpoint"];
export type Column =
  "name" | "health" | "request_rate" | "rate_4xx" | "rate_5xx" | "p50_ms" | "p95_ms" | "p99_ms" | "apdex" | "last_seen";

export const STATES = ["failing", "degraded", "silent", "healthy"] as const;
export type State = (typeof STATES)[number];

/** What a row is called, and known by: two endpoints of one path differ by their method. */
export const nameOf = (row: Row): string => ("endpoint" in row ? `${row.method} ${row.endpoint}` : row.service);
export const stateOf = (row: Row): State => (row.health?.state as State | undefined) ?? "healthy";
export const rate4xx = (row: Schema["Red"] | Row): number | null =>
  row.requests > 0 ? (row.errors - row.errors_5xx) / row.requests : null;

function valueOf(row: Row, column: Column): number | string | null {
  if (column === "name") return nameOf(row);
  if (column === "health") return STATES.indexOf(stateOf(row));
  if (column === "rate_4xx") return rate4xx(row);
  if (column === "last_seen") return row.last_seen && Date.parse(row.last_seen);
  return row[column];
}

/** Where a first click on a header leads: the worst first. */
export const FIRST: Record<Column, string> = {
  name: "name",
  health: "health",
  request_rate: "-request_rate",
  rate_4xx: "-rate_4xx",
  rate_5xx: "-rate_5xx",
  p50_ms: "-p50_ms",
  p95_ms: "-p95_ms",
  p99_ms: "-p99_ms",
  apdex: "apdex",
  last_seen: "-last_seen",
};

/** `sort` is a column, with - before it for the largest first; one that is unknown is as none: what needs a look first. */
export function ordered(rows: Row[], sort: string): Row[] {
  const column = sort.replace(/^-/, "") as Column;
  const known = Object.hasOwn(FIRST, column) ? column : "health";
  const sign = sort.startsWith("-") && known === column ? -1 : 1;
  return [...rows].sort((one, other) => {
    const [a, b] = [valueOf(one, known), valueOf(other, known)];
    // Rows of which it makes no sense come last either way.
    if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
    const by = typeof a === "string" ? a.localeCompare(String(b)) : a - Number(b);
    return by * sign || other.requests - one.requests || nameOf(one).localeCompare(nameOf(other));
  });
}

/** Those whose name has all the words in it, in any case. */
export function found(rows: Row[], words: string, state: string | null): Row[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  return rows.filter(
    (row) => (!state || stateOf(row) === state) && wanted.every((word) => nameOf(row).toLowerCase().includes(word)),
  );
}

/** What is bad about one that is not well, by the words of its reason. */
export function kindOf(reason: string): "5xx" | "4xx" | "slow" {
  if (/^(p95|apdex) /.test(reason)) return "slow";
  return /^[^;]*refused with 4xx/.test(reason) ? "4xx" : "5xx";
}

export type Figure = "request_rate" | "error_rate" | "rate_4xx" | "rate_5xx" | "p50_ms" | "p95_ms" | "p99_ms" | "apdex";

/** The requests that make a figure what it is, as a query: of a percentile those that take as long or longer. */
export function conditionOf(figure: Figure, red: Schema["Red"] | Row): string {
  switch (figure) {
    case "request_rate":
      return "has:metrics";
    case "error_rate":
      return "status:>=400";
    case "rate_4xx":
      return "class:4xx";
    case "rate_5xx":
      return "class:5xx";
    case "apdex":
      return red.apdex_threshold_ms === null ? "has:metrics" : `(latency:>${red.apdex_threshold_ms}ms OR class:5xx)`;
    default:
      return red[figure] === null ? "has:metrics" : `latency:>=${red[figure]}ms`;
  }
}
