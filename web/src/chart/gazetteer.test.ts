import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { folded, locator, type Gazetteer } from "./gazetteer";

const data = JSON.parse(readFileSync(new URL("./gazetteer.json", import.meta.url), "utf8")) as Gazetteer;
const locate = locator(data);

test.each([
  ["New York", "US", -74.0, 40.7],
  ["San Francisco", "US", -122.4, 37.8],
  ["London", "GB", -0.1, 51.5],
  ["Berlin", "DE", 13.4, 52.5],
  ["Tokyo", "JP", 139.7, 35.7],
  ["Singapore", "SG", 103.9, 1.3],
  ["São Paulo", "BR", -46.6, -23.5],
  ["Sydney", "AU", 151.2, -33.9],
])("%s in %s is where it is", (city, country, lon, lat) => {
  const found = locate(city, country);
  expect(found?.city).toBe(true);
  expect(found?.at[0]).toBeCloseTo(lon, 0);
  expect(found?.at[1]).toBeCloseTo(lat, 0);
});

test.each([
  ["MÜNCHEN", "de", "Munich", "DE"],
  ["Muenchen", "Germany", "Munich", "DE"],
  ["koln", "DE", "Cologne", "DE"],
  ["sao paulo", "br", "São Paulo", "BR"],
  ["Lisboa", "PT", "Lisbon", "PT"],
  ["København", "DK", "Copenhagen", "DK"],
  ["kobenhavn", "DK", "Copenhagen", "DK"],
  ["New York City", "US", "New York", "US"],
  ["St. Louis", "US", "Saint Louis", "US"],
  ["  Saint-Etienne ", "FR", "saint étienne", "fr"],
  ["Edinburgh", "UK", "Edinburgh", "GB"],
])("%s, %s is %s, %s", (city, country, same, there) => {
  expect(locate(city, country)).toEqual(locate(same, there));
  expect(locate(city, country)?.city).toBe(true);
});

test("cities of one name in two countries are two", () => {
  expect(locate("London", "CA")?.at).not.toEqual(locate("London", "GB")?.at);
});

test("an unknown city is in the middle of its country", () => {
  const found = locate("Nowhere-on-Sea", "FR");
  expect(found).toEqual({ at: [2.5, 46.6], city: false });
  expect(locate(null, "FR")).toEqual(found);
});

test.each([[null], [""], ["XX"], ["Atlantis"], ["__proto__"], ["constructor"]])(
  "nobody knows the country %s",
  (country) => {
    expect(locate("Berlin", country)).toBeNull();
  },
);

test("every entry can be read, and lies on the earth", () => {
  for (const [code, [lon, lat, cities]] of Object.entries(data)) {
    expect(code).toMatch(/^[A-Z]{2}$/);
    const points = [
      [lon, lat],
      ...cities
        .split(";")
        .filter(Boolean)
        .map((one) => one.split(",").slice(1).map(Number)),
    ];
    for (const [x = NaN, y = NaN] of points) {
      expect(Math.abs(x)).toBeLessThanOrEqual(1800);
      expect(Math.abs(y)).toBeLessThanOrEqual(900);
    }
  }
});

test("folding leaves no case, accent or sign", () => {
  expect(folded("Łódź")).toBe("lodz");
  expect(folded("N’Djaména")).toBe("ndjamena");
  expect(folded("Москва")).toBe("москва");
});
