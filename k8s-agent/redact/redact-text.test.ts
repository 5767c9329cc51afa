import { describe, expect, test } from "vitest";
import { buildPatterns } from "./patterns.ts";
import { redactText } from "./redact-text.ts";

describe("redactText", () => {
  const patterns = buildPatterns(["hunter22", "line one\nline two"]);

  test("masks every secret, also one at the very end", () => {
    expect(redactText("Cannot log in with hunter22: line one, line two", patterns)).toBe(
      "Cannot log in with ***: ***, ***",
    );
  });

  test("leaves everything else as it is: what only began like a secret, NUL, a byte order mark", () => {
    for (const text of ["", "hunter2", "\uFEFFa\0b\r\n", "😀 é"]) expect(redactText(text, patterns)).toBe(text);
  });

  test("takes a text of megabytes", () => {
    const text = "x".repeat(3_000_001);
    expect(redactText(`${text}hunter22${text}`, patterns) === `${text}***${text}`).toBe(true);
  });
});
