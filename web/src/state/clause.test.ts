import { describe, expect, it } from "vitest";
import {
  apart,
  clauses,
  exclude,
  include,
  isAbout,
  standing,
  tagField,
  timeless,
  timeOf,
  times,
  valuesOf,
  wanted,
  without,
} from "./clause";
import { both } from "./term";

describe("a click on a value", () => {
  it("adds the condition, and a second value beside the first", () => {
    expect(include("", "service", "a")).toBe("service:a");
    expect(include("timeout status:>=500", "service", "a b")).toBe('timeout status:>=500 service:"a b"');
    expect(include("svc:a last 1h", "service", "b")).toBe("service:(a OR b) last 1h");
    expect(include("service:(a OR b) x", "service", "c")).toBe("service:(a OR b OR c) x");
  });
  it("turns an exclusion round, and an inclusion", () => {
    expect(include("-service:a x", "service", "a")).toBe("x service:a");
    expect(exclude("service:a x", "service", "a")).toBe("x -service:a");
    expect(exclude("service:(a OR b)", "service", "a")).toBe("service:b -service:a");
  });
  it("takes it away again", () => {
    expect(without("service:(a OR b) x", "service", "a")).toBe("service:b x");
    expect(without("x AND service:a AND y", "service", "a")).toBe("x AND y");
    expect(without("NOT service:a", "service", "a")).toBe("");
    expect(without("service:a", "service", "b")).toBe("service:a");
  });
  it("stands beside alternatives in parentheses", () => {
    expect(include("service:a OR status:500", "method", "GET")).toBe("(service:a OR status:500) method:GET");
    expect(exclude('"a OR b"', "method", "GET")).toBe('"a OR b" -method:GET');
  });
  it("knows events that have no value", () => {
    expect(include("x", "user_id", null)).toBe("x -has:user_id");
    expect(standing("x -has:user_id", "user_id", null)).toBe("in");
    expect(exclude("-has:user_id", "user_id", null)).toBe("has:user_id");
    expect(without("-has:user_id y", "user_id", null)).toBe("y");
  });
  it("leaves alone what it cannot read", () => {
    expect(include('message:"unclosed', "service", "a")).toContain("service:a");
    expect(without("(service:a x) y", "service", "a")).toBe("(service:a x) y");
    expect(without("service:a*", "service", "a*")).toBe("service:a*");
    expect(include("status:>=500", "status_code", "404")).toBe("status:>=500 status_code:404");
  });
});

describe("which values are on", () => {
  it("is told by the long name, whichever was written", () => {
    expect(standing("env:staging", "environment", "staging")).toBe("in");
    expect(standing("-env:(staging OR test)", "environment", "test")).toBe("out");
    expect(standing("NOT env:staging", "environment", "staging")).toBe("out");
    expect(standing("--env:staging", "environment", "staging")).toBe("in");
    expect(standing('city:"São Paulo"', "city", "São Paulo")).toBe("in");
    expect(standing("status:5xx", "status_code", "5xx")).toBe(null);
    expect(standing("env:staging OR x", "environment", "staging")).toBe(null);
    expect(standing('tags."cost center":"R&D"', tagField("cost center"), "R&D")).toBe("in");
    expect(standing('payload."a.b".c:1', "payload.a.b.c", "1")).toBe(null);
    expect(standing('payload."a.b".c:1', 'payload."a.b".c', "1")).toBe("in");
  });
  it("can be left out, to see the others", () => {
    expect(apart("service:a status:500 -service:b has:service", "service")).toBe("status:500");
    expect(isAbout("svc:a", "service")).toBe(true);
    expect(isAbout("svc:>a", "service")).toBe(false);
    expect(wanted("svc:(a OR b) -service:c", "service")).toEqual(["a", "b"]);
    expect(wanted("-service:c", "service")).toBeNull();
    expect(valuesOf("svc:(a OR b) -service:c x:d", "service")).toEqual(["a", "b", "c"]);
  });
});

describe("a time in the text", () => {
  it.each([
    ["status:500 last 15m", "status:500"],
    ["last 24 hours timeout", "timeout"],
    ["last hour x", "x"],
    ["2026-11-01..2026-11-07 x", "x"],
    ["2026-11-01 x", "x"],
    ["since yesterday before 2026-11-03 x", "x"],
    ["now-2h..now-1h x", "x"],
    ["x timestamp:>2026-11-01T10:00:00Z", "x"],
  ])("is found in %s", (query, rest) => {
    expect(timeOf(query)).not.toBe("");
    expect(timeless(query)).toBe(rest);
  });
  it.each(["last", "at last", '"last 15m"', "received_at:>now-5m", "payload.day:2026-11-01", "1.2.3", "500..599"])(
    "is not in %s",
    (query) => expect(times(query)).toEqual([]),
  );
});

it("conditions stand side by side, alternatives in parentheses", () => {
  expect(both("a OR b", "", "c")).toBe("(a OR b) c");
  expect(both("a OR b")).toBe("a OR b");
  expect(both('title:"this OR that"', "c")).toBe('title:"this OR that" c');
  expect(both("(a OR b) last 1h", "c")).toBe("(a OR b) last 1h c");
  expect(clauses("a (b OR c) -(d e) f:(g OR h)")?.length).toBe(4);
});
