import { describe, expect, test } from "vitest";
import { buildPatterns, listPatterns, longestPattern } from "./patterns.ts";
import { redactText } from "./redact-text.ts";

function mask(text: string, ...secrets: string[]): string {
  return redactText(text, buildPatterns(secrets));
}

const hard = `pä"ss'w\\rd <&>/+ ~(1)!*é😀%`;

describe("the forms in which a secret is masked", () => {
  test("as it is, wherever it stands", () => {
    expect(mask("a hunter22 b hunter22hunter22", "hunter22")).toBe("a *** b ******");
  });

  test.each([
    ["JavaScript's JSON", JSON.stringify(hard).slice(1, -1)],
    ["Go's JSON", `pä\\"ss'w\\\\rd \\u003c\\u0026\\u003e/+ ~(1)!*é😀%`],
    ["Python's JSON", `p\\u00e4\\"ss'w\\\\rd <&>/+ ~(1)!*\\u00e9\\ud83d\\ude00%`],
    ["PHP's JSON", `p\\u00e4\\"ss'w\\\\rd <&>\\/+ ~(1)!*\\u00e9\\ud83d\\ude00%`],
    ["encodeURIComponent", encodeURIComponent(hard)],
    ["encodeURIComponent with lower-case hex", encodeURIComponent(hard).replace(/%../g, (hex) => hex.toLowerCase())],
    ["encodeURI", encodeURI(hard)],
    ["a form", new URLSearchParams({ "": hard }).toString().slice(1)],
    ["Python's quote", "p%C3%A4%22ss%27w%5Crd%20%3C%26%3E/%2B%20~%281%29%21%2A%C3%A9%F0%9F%98%80%25"],
    ["Go's QueryEscape", "p%C3%A4%22ss%27w%5Crd+%3C%26%3E%2F%2B+~%281%29%21%2A%C3%A9%F0%9F%98%80%25"],
    ["bash's set -x", `'pä"ss'\\''w\\rd <&>/+ ~(1)!*é😀%'`.slice(1, -1)],
    ["dash's set -x", `'pä"ss'"'"'w\\rd <&>/+ ~(1)!*é😀%'`.slice(1, -1)],
  ])("as %s writes it", (_, form) => {
    expect(mask(`[${form}]`, hard)).toBe("[***]");
  });

  test("whichever character it is that has to be escaped", () => {
    for (let code = 0x20; code < 0x7f; code++) {
      const secret = `hunter${String.fromCharCode(code)}22`;
      const json = JSON.stringify(secret).slice(1, -1);
      const forms = [
        json,
        json.replaceAll("/", "\\/"),
        json.replace(/[<>&]/g, (character) => `\\u00${character.charCodeAt(0).toString(16)}`),
        encodeURIComponent(secret),
        encodeURI(secret),
        secret.replace(/[^\w.~-]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`),
        new URLSearchParams({ "": secret }).toString().slice(1),
        secret.replaceAll("'", `'\\''`),
      ];
      for (const form of forms) expect(mask(`[${form}]`, secret)).toBe("[***]");
    }
  });

  test.each([["hunter22"], ["hunter222"], ["hunter2222"], ["ÿþ>?~ÿþ>?~ü"], ["p@ss?>~~w"]])(
    "in base64, alone and with a line's end, standard and URL-safe: %s",
    (secret) => {
      for (const text of [secret, `${secret}\n`]) {
        const bytes = Buffer.from(text);
        expect(mask(`<${bytes.toString("base64").replace(/=+$/, "")}>`, secret)).toBe("<***>");
        expect(mask(`<${bytes.toString("base64url")}>`, secret)).toBe("<***>");
      }
    },
  );

  test.each([0, 1, 2, 3, 4, 5])("in base64 inside of something longer, behind %i bytes", (length) => {
    const secret = "hunter22-and-more";
    const before = "user:".slice(0, length);
    for (const encoding of ["base64", "base64url"] as const) {
      const form = Buffer.from(`${before}${secret}@host`).toString(encoding);
      const masked = mask(form, secret);
      expect(masked).toContain("***");
      const shown = Buffer.from(masked.split("***")[0] ?? "", "base64").toString("latin1");
      // What is left are the neighbours' own characters, and at most a few bits of the secret's first and last one.
      expect(shown.startsWith(before.slice(0, Math.floor(length / 3) * 3))).toBe(true);
      expect(masked.length).toBeLessThanOrEqual(form.length - Math.floor(((secret.length - 1) * 8) / 6) + 3);
    }
  });

  test("in base64 whose lines are broken at 76 or 64 columns", () => {
    const secret = Array.from({ length: 40 }, (_, index) => `k${index}?ÿ~`).join("");
    for (const columns of [76, 64]) {
      const broken = (
        Buffer.from(secret)
          .toString("base64")
          .match(new RegExp(`.{1,${columns}}`, "g")) ?? []
      ).join("\n");
      expect(mask(broken, secret).replace(/[*\n=]/g, "")).toBe("");
    }
  });

  test("each line of a value of several lines, but not what is too short", () => {
    const key = "-----BEGIN KEY-----\r\n  abcdefghij  \nklmnopqrst\nend\n-----END KEY-----\n";
    expect(mask("> abcdefghij\n>> klmnopqrst, end", key)).toBe("> ***\n>> ***, end");
    expect(mask(`[${key.trim()}]`, key)).toBe("[***]");
    expect(mask(`{"key": ${JSON.stringify(key)}}`, key)).toBe('{"key": "***\\n"}');
  });

  test("a value of short lines as a whole, also in JSON", () => {
    expect(mask("ab\ncd\nef and ab", "ab\ncd\nef\n")).toBe("*** and ab");
    expect(mask(JSON.stringify("ab\ncd\nef\n"), "ab\ncd\nef\n")).toBe('"***\\n"');
  });

  test("without the white space around it, which programs strip", () => {
    expect(mask("[hunter22] [ hunter22\n]", " hunter22\n")).toBe("[***] [ ***\n]");
    expect(mask(Buffer.from(" hunter22\n").toString("base64"), " hunter22\n")).toMatch(/^(\*\*\*)+=*$/);
  });

  test("with U+FFFD in the place of half a surrogate pair, as UTF-8 has it", () => {
    expect(mask("abc\uFFFDdef", "abc\ud800def")).toBe("***");
  });

  test("a long value in parts, too", () => {
    const long = Array.from({ length: 3000 }, (_, index) =>
      String.fromCodePoint(0x4e00 + ((index * 7919) % 20000)),
    ).join("");
    expect(mask(`<${long}>`, long)).toBe("<***>");
    const part = mask(long.slice(500, 1500), long);
    expect(Buffer.byteLength(part)).toBeLessThan(longestPattern);
    expect(part).toContain("***");
  });
});

describe("listPatterns", () => {
  test("keeps to six bytes and more, to the longest one, and to none twice", () => {
    const patterns = listPatterns(["hunter22", "hunter22", "x".repeat(5000), `x${"ä".repeat(2000)}`, "a\nb"]);
    const texts = patterns.map((pattern) => Buffer.from(pattern, "latin1").toString());
    expect(new Set(texts).size).toBe(texts.length);
    expect(texts.join("")).not.toContain("\uFFFD");
    for (const pattern of patterns) {
      expect(pattern.length).toBeGreaterThanOrEqual(6);
      expect(pattern.length).toBeLessThanOrEqual(longestPattern);
    }
  });

  test("is empty without secrets, and nothing is masked then", () => {
    expect(listPatterns([])).toEqual([]);
    expect(mask("anything\0at all")).toBe("anything\0at all");
  });
});
