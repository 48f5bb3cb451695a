import { describe, expect, test } from "vitest";
import { addressOf, queryOf, readSubject } from "./subject";

const NAMES = [
  "payment-service",
  "a/b/../c d?x=1&y=2#z%41",
  "..",
  ".",
  "%",
  "\u202eabc",
  'quote"s and \\ back',
  "emoji 🚀",
  "tab\there\u0000",
  "100%25",
];

/** As a browser reads an address again. */
function reread(path: string, values: Record<string, string | null>) {
  const given = Object.entries(values).filter((one): one is [string, string] => one[1] !== null);
  const url = new URL(`${path}?${new URLSearchParams(given).toString()}`, "http://x");
  return readSubject(url.pathname, url.searchParams);
}

describe("names from strangers in an address", () => {
  test.each(NAMES)("a service called %j is found again", (service) => {
    const subject = { service, endpoint: null, method: null };
    expect(reread(...addressOf(subject))).toEqual(subject);
  });
  test.each(NAMES)("so is an endpoint called %j", (endpoint) => {
    const subject = { service: "a", endpoint, method: "GET" };
    expect(reread(...addressOf(subject))).toEqual(subject);
  });
  test("without a name it is the list", () => {
    expect(readSubject("/services", new URLSearchParams())).toBeNull();
    expect(readSubject("/services/", new URLSearchParams("sort=name"))).toBeNull();
  });
  test("a % that somebody wrote by hand is one", () =>
    expect(readSubject("/services/100%", new URLSearchParams())?.service).toBe("100%"));
  test("an endpoint needs its method", () =>
    expect(readSubject("/services/a", new URLSearchParams("endpoint=/x"))?.endpoint).toBeNull());
  test("its events are asked for letter by letter", () =>
    expect(queryOf({ service: 'a "b" OR c', endpoint: "/x/{id}", method: "GET" })).toBe(
      'service:"a \\"b\\" OR c" method:GET endpoint:/x/{id}',
    ));
});
