import { describe, expect, test } from "vitest";
import { conditionOf, found, kindOf, nameOf, ordered, type Row } from "./order";

function row(service: string, state: string, values: Partial<Row> = {}): Row {
  const red = { requests: 10, request_rate: 1, errors: 2, errors_5xx: 1, rate_5xx: 0.1, p95_ms: 50, last_seen: null };
  return { ...red, service, health: { state, reason: "" }, ...values } as unknown as Row;
}
const names = (rows: Row[]): string[] => rows.map(nameOf);

describe("the order of services", () => {
  const rows = [
    row("calm", "healthy", { requests: 99 }),
    row("down", "failing"),
    row("gone", "silent", { requests: 0, p95_ms: null }),
    row("slow", "degraded", { p95_ms: 900 }),
    row("busy", "healthy", { requests: 500 }),
  ];
  test("what needs a look is first, then what has most requests", () =>
    expect(names(ordered(rows, "health"))).toEqual(["down", "slow", "gone", "busy", "calm"]));
  test("either way by a figure, with what has none last", () => {
    expect(names(ordered(rows, "-p95_ms"))).toEqual(["slow", "busy", "calm", "down", "gone"]);
    expect(names(ordered(rows, "p95_ms")).at(-1)).toBe("gone");
  });
  test("an order that nobody knows is that of health", () =>
    expect(names(ordered(rows, "-toString"))).toEqual(names(ordered(rows, "health"))));
  test("found by words in any case, and by their health", () => {
    expect(names(found(rows, "", "failing"))).toEqual(["down"]);
    expect(names(found(rows, " S  lo", null))).toEqual(["slow"]);
  });
  test("two methods of one path are two endpoints", () => {
    const ends = ["GET", "PUT"].map((method) => row("a", "healthy", { method, endpoint: "/x" } as Partial<Row>));
    expect(names(ordered(ends, "name"))).toEqual(["GET /x", "PUT /x"]);
  });
});

describe("what is bad about it", () => {
  test.each([
    ["error rate 12.4 % (68 of 548 requests failed with 5xx); usually 0.8 %", "5xx"],
    ["14.0 % of the requests (14 of 100 requests) were refused with 4xx; usually 2.0 %", "4xx"],
    ["p95 1,240 ms is 3.1 times its usual 400 ms", "slow"],
    ["apdex 0.61 with a p95 of 900 ms; too little is known from before to say what is usual", "slow"],
    ["error rate 9.0 % (9 of 100 requests failed with 5xx); usually 0 %; 14 % were refused with 4xx", "5xx"],
  ])("%s", (reason, kind) => expect(kindOf(reason)).toBe(kind));
});

test("a figure leads to the requests that make it", () => {
  const red = row("a", "healthy", { p99_ms: null, apdex_threshold_ms: 500 });
  expect(conditionOf("p95_ms", red)).toBe("latency:>=50ms");
  expect(conditionOf("p99_ms", red)).toBe("has:metrics");
  expect(conditionOf("rate_4xx", red)).toBe("class:4xx");
  expect(conditionOf("apdex", red)).toBe("(latency:>500ms OR class:5xx)");
  expect(conditionOf("apdex", { ...red, apdex_threshold_ms: null })).toBe("has:metrics");
});
