import { describe, expect, it } from "vitest";
import { column, DEFAULT, readColumns, readSort, writeColumns, writeSort } from "./columns";
import { keysOf, reader, rowsOf, type Event } from "./field";
import { textOf, toneOf } from "./cell";

const event = {
  event_id: "e1",
  timestamp: "2026-05-04T10:00:00.123456Z",
  title: "title",
  severity: "error",
  source: { service: "a", endpoint: "/x", method: "GET" },
  metrics: { status_code: 503, response_time_ms: 12.5 },
  context: { tags: { city: "Oslo", "cost center": "R&D", "a.b": "dots" } },
  error_details: { error_message: "failed" },
  payload: { trace_id: "t1", order: { "id.no": [1, 2] }, long: "x".repeat(5000) },
} as unknown as Event;

describe("a cell", () => {
  it.each([
    ["service", "a"],
    ["call", "GET /x"],
    ["summary", "failed"],
    ["status_class", "5xx"],
    ["city", "Oslo"],
    ['tag."cost center"', "R&D"],
    ["tag.a.b", "dots"],
    ["trace_id", "t1"],
    ['payload.order."id.no"', "[1,2]"],
    ["payload.order.missing", null],
    ["payload.constructor", null],
    ["user_id", null],
  ])("of %s is what the event says of it", (field, meant) => expect(reader(field)(event)).toBe(meant));

  it("is no longer than a line", () => {
    expect(String(rowsOf([event], ["payload.long"])[0]?.cells[0]).length).toBeLessThan(500);
  });
  it("is told with its unit, in the zone that was chosen, and shows what cannot be seen", () => {
    expect(textOf("time", event.timestamp, "UTC")).toBe("10:00:00.123");
    expect(textOf("time", event.timestamp, "UTC", true)).toBe("04 May 10:00:00.123");
    expect(textOf("ms", 12.5, "UTC").replace("\u202f", " ")).toBe("12.5 ms");
    expect(textOf("text", "a\u0000\u202eb", "UTC")).toBe("a␀⟨U+202E⟩b");
    expect([toneOf("status", 404), toneOf("status", "5xx"), toneOf("severity", "<b>")]).toEqual([
      "status client",
      "status server",
      "",
    ]);
  });
});

it("keys inside a payload are taken apart at dots that were not quoted", () => {
  expect(keysOf('payload."a.b".c')).toEqual(["payload", "a.b", "c"]);
});

describe("columns and order in an address", () => {
  it("are read as they were written, without what is unknown", () => {
    const names = ["timestamp", 'tag."a,b"', "payload.x"];
    expect(readColumns(writeColumns(names))).toEqual(names);
    expect(readColumns("nothing,<script>,service,service")).toEqual(["service"]);
    expect(readColumns(null)).toEqual(DEFAULT);
    expect(writeColumns(DEFAULT)).toBeNull();
  });
  it("can only be what the API sorts by", () => {
    expect(writeSort(readSort("-response_time_ms"))).toBe("-response_time_ms");
    for (const bad of [null, "message", "-nothing", "tag.x", ""]) expect(writeSort(readSort(bad))).toBe("-timestamp");
    expect([column("call").sort, column("tag.x").sort]).toEqual(["endpoint", null]);
  });
});
