import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cleanLine, cleanText, createTextCleaner } from "./safe-text.ts";

const plain = (text: string) => cleanText(text, { colour: false });
const coloured = (text: string) => cleanText(text, { colour: true });

describe("text for a terminal", () => {
  test.for<[what: string, text: string, shown: string]>([
    ["plain text, tabs and lines", "a\tb\nc é 漢 🙂", "a\tb\nc é 漢 🙂"],
    ["the end of a Windows line", "a\r\nb\r\r\nc", "a\nb\nc"],
    ["a line that is written over", "10%\r20%\rdone", "10%\n20%\ndone"],
    ["a cursor that goes up and clears", "safe\x1b[1A\x1b[2Kevil", "safeevil"],
    ["a whole screen that is cleared", "\x1b[2J\x1b[Hx\x1bc", "x"],
    ["a title", "\x1b]0;evil\x07x\x1b]2;evil\x1b\\y", "xy"],
    ["a link and a clipboard", "\x1b]8;;http://evil\x07here\x1b]8;;\x07\x1b]52;c;ZXZpbA==\x07", "here"],
    ["a string for the device", "\x1bPq#0;2;0\x1b\\x\x1b_G\x1b\\y\x1b^z\x1b\\", "xy"],
    ["8-bit introducers", "\x9b2Jx\x9d0;evil\x9cy", "xy"],
    ["a string without an end", "\x1b]0;evil\nnext", "␛]0;evil\nnext"],
    ["other controls", "a\x00b\x07c\x08d\x7fe\x85f", "a␀b␇c␈d␡e<U+0085>f"],
    ["writing that runs backwards", "a\u202egpj.exe\u2066b\u061cc", "a<U+202E>gpj.exe<U+2066>b<U+061C>c"],
    ["characters of no width", "a\u200bb\ufeffc", "a<U+200B>b<U+FEFF>c"],
    ["an escape at the very end", "a\x1b", "a␛"],
    ["a charset that is switched", "\x1b(0x\x1b)By", "xy"],
  ])("shows %s for what it is", ([, text, shown]) => {
    expect(plain(text)).toBe(shown);
    expect(coloured(text)).toBe(shown);
  });

  test.for<[text: string, shown: string]>([
    ["\x1b[31mred\x1b[0m", "\x1b[31mred\x1b[0m"],
    ["\x1b[mplain", "\x1b[mplain"],
    ["\x1b[1;38;5;8mgrey", "\x1b[1;38;5;8mgrey\x1b[0m"],
    ["\x1b[38;2;5;6;8mrgb\x1b[m", "\x1b[38;2;5;6;8mrgb\x1b[m"],
    ["\x1b[8mhidden", "hidden"],
    ["\x1b[31;8;5mred", "\x1b[31mred\x1b[0m"],
    ["\x1b[31mleft on", "\x1b[31mleft on\x1b[0m"],
    ["\x9b31mred\x9b0m", "\x1b[31mred\x1b[0m"],
    ["\x1b[?25l\x1b[>4;2mx", "x"],
    [`\x1b[${";".repeat(63)}1mbold`, `\x1b[${";".repeat(63)}1mbold\x1b[0m`],
    [`\x1b[${";".repeat(64)}1mtoo many`, "too many"],
    [`\x1b[38${":".repeat(64)}mtoo many`, "too many"],
  ])("keeps colours, and only these: %j", ([text, shown]) => {
    expect(coloured(text)).toBe(shown);
  });

  test("has no colours where none are wanted", () => {
    expect(plain("\x1b[31mred\x1b[0m")).toBe("red");
  });

  test("comes out the same however it is cut", () => {
    const hostile = fc.stringMatching(/^[\x1b\x9b\x9d[\]\r\n\x07\\0-9;mHaAé]*$/);
    fc.assert(
      fc.property(hostile, fc.array(fc.nat(40)), (text, cuts) => {
        const cleaner = createTextCleaner({ colour: true });
        let shown = "";
        let rest = text;
        for (const cut of cuts) {
          shown += cleaner.push(rest.slice(0, cut));
          rest = rest.slice(cut);
        }
        expect(shown + cleaner.push(rest) + cleaner.end()).toBe(coloured(text));
      }),
      { numRuns: 2000 },
    );
  });

  test("never lets through what moves anything", () => {
    const hostile = fc.stringMatching(/^[\x00-\x9f]*$/);
    fc.assert(
      fc.property(hostile, (text) => {
        const left = coloured(text).replaceAll(/\x1b\[[\d;:]*m/g, "");
        expect(left).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/);
      }),
      { numRuns: 5000 },
    );
  });

  test("is not held back for ever by a string without an end", () => {
    const cleaner = createTextCleaner({ colour: false });
    cleaner.push("\x1b]0;");
    let shown = "";
    for (let i = 0; i < 10; i++) shown += cleaner.push("x".repeat(1000));
    expect(shown.length).toBeGreaterThan(5000);
  });

  test("is clean in time that grows with its length", () => {
    const begun = performance.now();
    for (const piece of ["\x1b", "\x1b]", "\x1b[1;", "\r", "\x9d", "\x1b "]) plain(piece.repeat(100_000));
    expect(performance.now() - begun).toBeLessThan(20_000);
  });

  test("is not slowed by a row of returns, as each piece of a log may end in", () => {
    const cleaner = createTextCleaner({ colour: true });
    // So many that, were each return tried anew, the test's time would be up long before.
    const piece = `${"\r".repeat(4095)}x`;
    let shown = 0;
    for (let i = 0; i < 10_000; i++) shown += cleaner.push(piece).length;
    expect(shown).toBeGreaterThan(10_000);
  });

  test("stays on one line where it must", () => {
    expect(cleanLine("a\nb\tc\x1b[1md\r\ne")).toBe("a b cd e");
  });
});
