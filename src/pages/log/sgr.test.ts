import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cleanText } from "../../runs/words/safe-text.ts";
import { toPaletteColour } from "./palette.ts";
import { applySgr, listClasses, plainStyle } from "./sgr.ts";
import { stripColours, styleLine } from "./style-line.ts";

const show = (line: string) => styleLine(line, plainStyle).pieces.map(({ text, classes }) => `${text}{${classes}}`);

describe("colours of terminals", () => {
  test.for<[line: string, pieces: string[]]>([
    ["plain", ["plain{}"]],
    ["", []],
    ["\x1b[31mred\x1b[0m plain", ["red{sgr-fg-1}", " plain{}"]],
    ["\x1b[1;97;44mall\x1b[m", ["all{sgr-bold sgr-fg-15 sgr-bg-4}"]],
    ["\x1b[1;2mboth\x1b[22mnone", ["both{sgr-bold sgr-dim}", "none{}"]],
    ["\x1b[3;4;7;9mx\x1b[23;24;27;29my", ["x{sgr-italic sgr-underline sgr-inverse sgr-strike}", "y{}"]],
    ["\x1b[31;41mx\x1b[39my\x1b[49mz", ["x{sgr-fg-1 sgr-bg-1}", "y{sgr-bg-1}", "z{}"]],
    ["\x1b[38;5;208morange\x1b[0m", ["orange{sgr-fg-3}"]],
    ["\x1b[38;2;255;0;0;1mred and bold", ["red and bold{sgr-bold sgr-fg-9}"]],
    ["\x1b[38:2::0:0:255mblue\x1b[48:5:7mgrey", ["blue{sgr-fg-4}", "grey{sgr-fg-4 sgr-bg-7}"]],
    ["\x1b[58;5;1;31monly red", ["only red{sgr-fg-1}"]],
    ["\x1b[4:3mcurly\x1b[4:0mnone", ["curly{sgr-underline}", "none{}"]],
    ["\x1b[38;5;999;1mno such colour", ["no such colour{sgr-bold}"]],
    ["\x1b[38mcut\x1b[38;5mcut\x1b[38;2;1mcut", ["cut{}", "cut{}", "cut{}"]],
    ["\x1b[99;1000;mnothing", ["nothing{}"]],
    ["\x1b[;31m0 and red", ["0 and red{sgr-fg-1}"]],
  ])("%j is %j", ([line, pieces]) => {
    expect(show(line)).toEqual(pieces);
  });

  test("go on in the next line", () => {
    const first = styleLine("a \x1b[32mgreen", plainStyle);
    expect(styleLine("still\x1b[0m not", first.style).pieces).toEqual([
      { text: "still", classes: "sgr-fg-2" },
      { text: " not", classes: "" },
    ]);
  });

  test("are read before the test's time is up, 300,000 of them, as each is looked at a few times only", () => {
    expect(listClasses(applySgr(plainStyle, `${";".repeat(300_000)}38;2;255;0;0;1`))).toBe("sgr-bold sgr-fg-9");
  });

  test("of any text become classes of ours and nothing else, and the text stays as it is", () => {
    const part = fc.oneof(fc.string(), fc.constantFrom("\x1b[", "31", ";", "m", "38;5;", ":", "\x1b[0m", "<b>"));
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        const line = cleanText(parts.join(""), { colour: true }).replaceAll("\n", " ");
        const { pieces } = styleLine(line, plainStyle);
        expect(pieces.map(({ text }) => text).join("")).toBe(stripColours(line));
        for (const { classes } of pieces)
          expect(classes).toMatch(/^(sgr-(bold|dim|italic|underline|inverse|strike|[fb]g-\d{1,2})( |$))*$/);
      }),
    );
  });
});

test.for<[numbers: number[], colour: number | undefined]>([
  [[0], 0],
  [[15], 15],
  [[16], 0],
  [[196], 9],
  [[231], 15],
  [[232], 0],
  [[244], 8],
  [[255], 7],
  [[256], undefined],
  [[-1], undefined],
  [[1.5], undefined],
  [[0, 0, 0], 0],
  [[250, 250, 250], 15],
  [[1, 2], undefined],
  [[NaN, 0, 0], undefined],
])("colour %j is %s of sixteen", ([numbers, colour]) => {
  expect(toPaletteColour(numbers)).toBe(colour);
});
