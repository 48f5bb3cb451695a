import { expect, it } from "vitest";
import { sentence } from "./sentence";

it.each([
  ["the key was revoked: ask for a new one", "The key was revoked: ask for a new one."],
  ["wait!", "Wait!"],
  ["élan", "Élan."],
  ["", ""],
])("makes a sentence of %j", (words, told) => {
  expect(sentence(words)).toBe(told);
});
