import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { limits } from "../../src/contract/limits.ts";
import { createLogTail, lastLineBytes } from "./log-tail.ts";

function read(...texts: string[]) {
  const tail = createLogTail();
  for (const text of texts) tail.add(Buffer.from(text));
  return tail.read();
}

describe("the end of a log", () => {
  test.each([
    [[], ""],
    [["\n", " \t\n"], ""],
    [["one"], "one"],
    [["one\ntwo\n"], "two"],
    [["one\ntw", "o\n\n", "  \n"], "two"],
    [["one\ntwo\n", "thr", "ee"], "three"],
    [["one\n", "\n", "   "], "one"],
    [["  padded \r\n"], "padded"],
    [["on", "e\ntwo", "\n\n"], "two"],
    [["head ", "middle ", "tail\n\n\n"], "head middle tail"],
  ])("of %j has the last line %j", (texts, expected) => {
    expect(read(...texts).lastLine).toBe(expected);
  });

  test("shows a long last line from its beginning, cut between characters", () => {
    const { lastLine, tail } = read("before\nx", ...("é".repeat(20_000).match(/.{1,777}/g) ?? []));
    expect(lastLine).toBe(`x${"é".repeat((lastLineBytes - 2) / 2)}`);
    expect(tail).toBe("é".repeat(limits.logTailBytes / 2));
  });

  test("begins with nothing of a text before, where a character doesn't fit", () => {
    const text = `${"é".repeat(limits.logTailBytes / 2)}.`;
    expect(read("abc", text).tail).toBe(text.slice(1));
  });

  test("is the same however the log came", () => {
    const text = fc.array(fc.constantFrom("a", "é", "😀", "\n", "\n", " ", "x".repeat(700), "y".repeat(5000)), {
      maxLength: 40,
    });
    fc.assert(
      fc.property(text, fc.array(fc.nat(40), { maxLength: 10 }), (words, cuts) => {
        const sorted = [0, ...cuts.toSorted((a, b) => a - b), words.length];
        const pieces = sorted.map((cut, index) => words.slice(cut, sorted[index + 1] ?? cut).join(""));
        const whole = words.join("");
        const lines = whole.split("\n").map((line) => cutBytes(line, lastLineBytes).trim());
        const end = read(...pieces);
        expect(end.lastLine).toBe(lines.findLast((line) => line !== "") ?? "");
        expect(whole.endsWith(end.tail)).toBe(true);
        const least = Math.min(Buffer.byteLength(whole), limits.logTailBytes - 3);
        expect(Buffer.byteLength(end.tail)).toBeGreaterThanOrEqual(least);
        expect(Buffer.byteLength(end.tail)).toBeLessThanOrEqual(limits.logTailBytes);
      }),
    );
  });
});

/** As many whole characters as fit. */
function cutBytes(text: string, most: number): string {
  let kept = "";
  for (const character of text) {
    if (Buffer.byteLength(kept + character) > most) break;
    kept += character;
  }
  return kept;
}
