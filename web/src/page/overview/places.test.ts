import { expect, test } from "vitest";
import { keyOf, queryOf, whereOf, type Located } from "./places";

const at = (city: string | null, country: string | null, region: string | null = null): Located => ({
  city,
  country,
  region,
  values: {},
  share: 0,
});

test("a place is asked about by all that it says", () => {
  expect(queryOf(at("São Paulo", "BR", "LA"))).toBe('city:"São Paulo" country:BR region:LA');
  expect(queryOf(at(null, "FR"))).toBe('city:"" country:FR');
});

test("a city of two regions is two places, each with its region", () => {
  const [one, other] = [at("Springfield", "US", "IL"), at("Springfield", "US", "MA")];
  expect(keyOf(one)).not.toBe(keyOf(other));
  expect([whereOf(one, [one, other]), whereOf(one, [one])]).toEqual(["IL, US", "US"]);
});
