import { describe, expect, test } from "vitest";
import { suspects } from "./suspects";

type Counts = Record<string, number>;
function facets(matched: number, fields: Record<string, Counts>, distinct?: number) {
  return {
    matched,
    facets: Object.entries(fields).map(([field, counts]) => ({
      field,
      values: Object.entries(counts).map(([value, count]) => ({ value, count })),
      distinct: distinct ?? Object.keys(counts).length,
      missing: 0,
    })),
    basis: {} as never,
  };
}

describe("what bad requests have in common", () => {
  test("the value that more of them have than of all, the clearest first", () => {
    const bad = facets(100, { endpoint: { "/pay": 80, "/list": 20 }, version: { "2": 50, "1": 50 } });
    const all = facets(1000, { endpoint: { "/list": 800, "/pay": 200 }, version: { "1": 750, "2": 250 } });
    expect(suspects(bad, all)).toEqual([
      { field: "endpoint", value: "/pay", ofBad: 0.8, ofAll: 0.2 },
      { field: "version", value: "2", ofBad: 0.5, ofAll: 0.25 },
    ]);
  });

  test("what is as frequent among all says nothing", () => {
    const bad = facets(100, { city: { Berlin: 50, Paris: 50 } });
    expect(suspects(bad, facets(1000, { city: { Berlin: 500, Paris: 500 } }))).toEqual([]);
  });

  test("what few of them have in common may be chance", () => {
    const all = facets(1000, { device_type: { desktop: 610, mobile: 390 } });
    expect(suspects(facets(46, { device_type: { mobile: 25, desktop: 21 } }), all)).toEqual([]);
    expect(suspects(facets(460, { device_type: { mobile: 250, desktop: 210 } }), all)).toHaveLength(1);
  });

  test("a value that is rare among all is no more than the last of the frequent ones", () => {
    const bad = facets(100, { user_id: { u1: 30 } });
    expect(suspects(bad, facets(1000, { user_id: { u2: 100, u3: 90 } }, 500))[0]).toMatchObject({ ofAll: 0.09 });
  });
});
