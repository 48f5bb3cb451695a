import { expect, it } from "vitest";
import { chosen, type Offer } from "./offer";
import { segments } from "./segments";

const offer = (text: string, kind: Offer["kind"]): Offer => ({ text, kind, detail: "", count: null });

it.each([
  ["service:pay", 8, 11, offer("payment-service", "value"), "service:payment-service |"],
  ["ser", 0, 3, offer("service:", "field"), "service:|"],
  ["ha status:500", 0, 2, offer("has:error", "field"), "has:error |status:500"],
  ["a O b", 2, 3, offer("OR", "operator"), "a OR |b"],
  ["status:", 7, 7, offer(">=", "operator"), "status:>=|"],
  ["tag.", 0, 4, offer('tag."cost center":', "field"), 'tag."cost center":|'],
])("in %s what is chosen takes the place of %i to %i", (text, start, end, one, meant) => {
  const found = chosen(text, start, end, one);
  expect(`${found.text.slice(0, found.at)}|${found.text.slice(found.at)}`).toBe(meant);
});

it("a query is painted as it is read, and marked where it is wrong", () => {
  const query = '(service:a OR "b:c") sevice:d';
  const found = segments(query, [21, 27]);
  expect(found.map((one) => one.text).join("")).toBe(query);
  expect(found.filter((one) => one.kind === "name").map((one) => one.text)).toEqual(["service:", "sevice", ":"]);
  expect(found.filter((one) => one.kind === "operator").map((one) => one.text)).toEqual(["(", "OR", ")"]);
  expect(found.filter((one) => one.wrong).map((one) => one.text)).toEqual(["sevice"]);
});
