/** How a cell is told: its text, and what it looks like. Plain functions: a table draws hundreds of them a frame. */
import { bytes, ms, whole } from "../format/number";
import { visible } from "../format/text";
import { day, millis, type Zone } from "../format/time";
import type { Kind } from "./columns";
import type { Cell } from "./field";

const MAX = 400;

/** `days`: a time is told with its day. */
export function textOf(kind: Kind, value: Cell, zone: Zone, days = false): string {
  if (value === null) return "–";
  if (kind === "time") return (days ? `${day(String(value), zone)} ` : "") + millis(String(value), zone);
  if (typeof value === "number") {
    if (kind === "ms") return ms(value);
    if (kind === "bytes") return bytes(value);
    return kind === "number" ? whole(value) : String(value);
  }
  return visible(String(value), MAX);
}

const SEVERITIES = new Set(["info", "warning", "error", "critical"]);

/** A class of the style sheet: what is wrong stands out, what is not there stands back. */
export function toneOf(kind: Kind, value: Cell): string {
  if (value === null) return "none";
  if (kind === "severity") return SEVERITIES.has(String(value)) ? `severity ${String(value)}` : "";
  if (kind !== "status") return kind;
  const first = String(value).charAt(0);
  return first === "4" ? "status client" : first === "5" ? "status server" : "status";
}
