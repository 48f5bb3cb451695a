import { describe, expect, test } from "vitest";
import { both, quoted, term } from "./term";

describe("conditions of the query language", () => {
  test.each([
    ["payment-service", "payment-service"],
    ["/api/v1/orders/{id}", "/api/v1/orders/{id}"],
    ["São Paulo", '"São Paulo"'],
    ['a"b\\c', '"a\\"b\\\\c"'],
    ["or", '"or"'],
    ["-x", '"-x"'],
    ["", '""'],
    ["a*", '"a*"'],
  ])("%s is written %s", (word, meant) => expect(quoted(word)).toBe(meant));

  test("several values are alternatives", () => {
    expect(term("service", [])).toBe("");
    expect(term("service", ["a"])).toBe("service:a");
    expect(term("service", ["a", "b c"])).toBe('service:(a OR "b c")');
  });

  test("what a person wrote with OR stays together", () => {
    expect(both("", " ")).toBe("");
    expect(both("a OR b")).toBe("a OR b");
    expect(both("service:(a OR b)", "status:500")).toBe("service:(a OR b) status:500");
    expect(both("a OR b", "status:500")).toBe("(a OR b) status:500");
  });
});
