import { expect, test } from "vitest";
import { createLineWriter } from "./line-writer.ts";

function write(pieces: readonly string[], colour = false): string[] {
  const lines: string[] = [];
  const writer = createLineWriter({ colour, writeLine: (line) => lines.push(line) });
  for (const piece of pieces) writer.push(piece);
  writer.end();
  return lines;
}

test("lines come whole, however they were cut, and the last one without its end", () => {
  expect(write(["a", "b\nc", "\n\nd\r", "\ne"])).toEqual(["ab", "c", "", "d", "e"]);
  expect(write(["a\n"])).toEqual(["a"]);
  expect(write([])).toEqual([]);
});

test("a line without an end is not kept for ever", () => {
  const lines = write(Array.from({ length: 100 }, () => "x".repeat(1000)));
  expect(lines.join("")).toHaveLength(100_000);
  expect(lines.length).toBe(2);
});

test("colours end with their line, and their end is no line of its own", () => {
  expect(write(["\x1b[31mred\nplain\n\x1b[32m"], true)).toEqual(["\x1b[31mred\x1b[0m", "plain"]);
});
