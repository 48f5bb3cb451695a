import { describe, expect, it } from "vitest";
import { PLACEHOLDER, snippets } from "./snippets";

const text = (name: string, server: string, key: string): string =>
  snippets(server, key).find((one) => one.name === name)?.text ?? "";

describe("snippets", () => {
  it.each(snippets("https://events.example:8443", "ps_1_secret"))(
    "name this server and this key: $name",
    ({ text }) => {
      expect(text).toContain("https://events.example:8443");
      expect(text).toContain("ps_1_secret");
      expect(text).not.toContain(PLACEHOLDER);
      expect(text).not.toContain("127.0.0.1");
    },
  );
  it("say where a key belongs when there is none", () => {
    for (const one of snippets("http://127.0.0.1:8000", "")) expect(one.text).toContain(PLACEHOLDER);
  });
  it("keep a key with quotes inside the quotes of their language", () => {
    expect(text("curl", "http://h", "it's $&")).toContain("'X-API-Key: it'\\''s $&'");
    expect(text("python", "http://h", 'a"b\\c')).toContain('"X-API-Key": "a\\"b\\\\c"');
  });
});
