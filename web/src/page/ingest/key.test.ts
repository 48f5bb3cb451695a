import { describe, expect, it } from "vitest";
import { endOf, leftOf, stateOf } from "./key";

const NOW = Date.parse("2026-05-04T10:20:30Z");

describe("a key", () => {
  it.each([
    ["good", { expires_at: null, revoked_at: null }],
    ["good", { expires_at: "2026-05-04T10:20:31Z", revoked_at: null }],
    ["expired", { expires_at: "2026-05-04T10:20:30Z", revoked_at: null }],
    ["revoked", { expires_at: "2026-05-01T00:00:00Z", revoked_at: "2026-04-30T00:00:00Z" }],
  ] as const)("is %s", (state, key) => {
    expect(stateOf(key, NOW)).toBe(state);
  });
  it("ends so many days from now, or never", () => {
    expect(endOf(7, NOW)).toBe("2026-05-11T10:20:30.000Z");
    expect(endOf(null, NOW)).toBeNull();
  });
  it("says how long it works in days, and in hours when there are few", () => {
    expect(leftOf("2026-08-02T10:00:00Z", NOW)).toBe("90\u202fd");
    expect(leftOf("2026-05-04T12:20:30Z", NOW)).toBe("2\u202fh");
  });
});
