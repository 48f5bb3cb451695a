import { expect, test } from "vitest";
import { versionsNow } from "./now";

const seen = (service: string, version: string, last: string, requests: number) => ({
  service,
  version,
  first_seen: "2026-05-04T08:00:00Z",
  last_seen: `2026-05-04T${last}:00Z`,
  requests,
  errors: 0,
  new: false,
});

test("those that answered until a moment ago are now, the busiest first", () => {
  const versions = [
    seen("pay", "1", "09:10", 900),
    seen("pay", "2", "10:00", 20),
    seen("pay", "3", "09:58", 70),
    seen("rests", "7", "08:20", 5),
  ];
  expect([...versionsNow(versions, 3_600_000)]).toEqual([
    ["pay", ["3", "2"]],
    ["rests", ["7"]],
  ]);
});
