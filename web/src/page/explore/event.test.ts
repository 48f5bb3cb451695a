import { expect, it } from "vitest";
import { curlOf, others, sections, traceOf, type Whole } from "./event";

const event = {
  event_id: "e1",
  event_type: "api_call",
  timestamp: "2026-05-04T10:00:00Z",
  received_at: "2026-05-04T10:00:01Z",
  title: "t",
  source: { service: "a", endpoint: "/x", method: "GET" },
  context: { tags: { "cost center": "R&D" } },
  error_details: { error_code: "E", stack_trace: "at x" },
  payload: { trace_id: "t1" },
  extra_field: 1,
} as unknown as Whole;

it("an event is told by sections that have something in them, what went wrong first", () => {
  expect(sections(event).map((one) => one.title)).toEqual(["Error", "Call", "Event", "Tags", "Trace"]);
  expect(sections(event).find((one) => one.title === "Tags")?.lines[0]?.field).toBe('tag."cost center"');
  expect([traceOf(event), others(event)]).toEqual(["t1", { extra_field: 1 }]);
});

it("a command for a shell is only text to it", () => {
  expect(curlOf("http://x", "/api/it's", "")).toBe("curl -s 'http://x/api/it'\\''s' -H 'X-API-Key: YOUR_KEY'");
});
