import { describe, expect, it } from "vitest";
import { charactersOf, cut, unitsOf, visible, visibleLines } from "./text";

describe("a text on one line", () => {
  it("shows what cannot be seen as a sign", () => {
    expect(visible("a\u0000b\nc\u007f")).toBe("a␀b␊c␡");
    expect(visible("pay\u202egpj.exe\u2066")).toBe("pay⟨U+202E⟩gpj.exe⟨U+2066⟩");
    expect(visible("a\u200bb\ufeff")).toBe("a⟨U+200B⟩b⟨U+FEFF⟩");
    expect(visible("\ud83d half, \ude00 half")).toBe("⟨U+D83D⟩ half, ⟨U+DE00⟩ half");
  });
  it("leaves alone what can: markup, emoji with joiners, scripts of both directions", () => {
    for (const text of ["<script>alert(1)</script>", "👩‍👩‍👧 ok 😀", "שלום עולם", "São Paulo", "می‌خواهم"]) {
      expect(visible(text)).toBe(text);
    }
  });
  it("is cut between characters", () => {
    expect(visible("abcdef", 3)).toBe("abc…");
    expect(cut("a😀b", 2)).toBe("a…");
    expect(cut("abc", 3)).toBe("abc");
  });
});

it("a text of several lines keeps its breaks and tabs, and nothing else that cannot be seen", () => {
  expect(visibleLines("at x\r\n\tat y\u0000\u202e")).toBe("at x\n\tat y␀⟨U+202E⟩");
});

it("positions of the API are in characters, those of the browser in UTF-16 units", () => {
  const text = "city:😀 sevice:a";
  expect(unitsOf(text, 7)).toBe(text.indexOf("sevice"));
  expect(charactersOf(text, text.indexOf("sevice"))).toBe(7);
  expect(unitsOf(text, 99)).toBe(text.length);
});
