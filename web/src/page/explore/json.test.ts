import { describe, expect, it } from "vitest";
import { depthOf, entries, parse, search, told, typeOf, written } from "./json";

const all = (root: object, text: string, most = 100, slice?: number) => [...search(root, "payload", text, most, slice)];

describe("JSON", () => {
  it("keeps all digits of a number", () => {
    const found = parse(
      '{"id": 12345678901234567890, "n": 1.5, "text": "12345678901234567890", "x": [-9007199254740993]}',
    );
    const { id, text, x } = found as { id: unknown; text: unknown; x: unknown[] };
    expect([told(id), typeOf(id)]).toEqual(["12345678901234567890", "number"]);
    expect([told(text), typeOf(text)]).toEqual(["12345678901234567890", "string"]);
    expect(told(x[0])).toBe("-9007199254740993");
    expect(written(found)).toContain('"id": 12345678901234567890,');
  });
  it("is opened as far as it can be seen at a glance", () => {
    expect(depthOf({ a: 1, b: { c: 2 } }, 60)).toBe(6);
    expect(depthOf({ a: Array.from({ length: 100 }, (_, at) => at) }, 60)).toBe(1);
    expect(depthOf(Object.fromEntries(Array.from({ length: 100 }, (_, at) => [at, at])), 60)).toBe(0);
  });
  it("has names for the query language, and none inside lists", () => {
    expect(entries({ "a.b": 1, plain: 2, "": 3 }, "payload", 9).map((one) => one.field)).toEqual([
      'payload."a.b"',
      "payload.plain",
      null,
    ]);
    expect(entries([{ a: 1 }], "payload.list", 9)[0]?.field).toBeNull();
  });
});

describe("a search in JSON", () => {
  const root = { user: { name: "Joe", plan: "PRO" }, list: [{ name: "joe" }, null, 12] };
  it("finds names and values in any case, in order", () => {
    expect(
      all(root, "jOe")
        .at(-1)
        ?.map((hit) => hit.path),
    ).toEqual(["user.name", "list.0.name"]);
    expect(
      all(root, "plan")
        .at(-1)
        ?.map((hit) => hit.field),
    ).toEqual(["payload.user.plan"]);
    expect(
      all(root, "12")
        .at(-1)
        ?.map((hit) => hit.path),
    ).toEqual(["list.2"]);
  });
  it("pauses, and ends where it has found enough", () => {
    const many = { rows: Array.from({ length: 1000 }, (_, n) => ({ n })) };
    expect(all(many, "nothing", 10, 100).length).toBeGreaterThan(15);
    expect(all(many, "9", 10, 100).at(-1)?.length).toBe(10);
  });
});
