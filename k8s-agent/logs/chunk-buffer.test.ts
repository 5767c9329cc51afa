import { expect, test } from "vitest";
import { limits } from "../../src/contract/limits.ts";
import { bufferLimits, createChunkBuffer } from "./chunk-buffer.ts";
import { createReadAheadBudget } from "./read-ahead-budget.ts";

test("a chunk's text stays as it is until the next one is asked for, whatever is added meanwhile", async () => {
  const buffer = createChunkBuffer({
    signal: new AbortController().signal,
    schedule: () => () => undefined,
    budget: createReadAheadBudget(bufferLimits),
  });
  const addFull = (letter: string) =>
    buffer.add({ text: Buffer.alloc(limits.logChunkBytes, letter), checkpoint: { from: letter, skip: 0, covered: 0 } });
  // Two always wait: memory is used again only then.
  const letters = ["a", "b", "c", "d", "e", "f"];
  for (const letter of letters.slice(0, 2)) addFull(letter);
  for (const [index, letter] of letters.entries()) {
    const { text } = await buffer.take();
    addFull(letters[index + 2] ?? "x");
    expect(Buffer.from(text).equals(Buffer.alloc(limits.logChunkBytes, letter))).toBe(true);
  }
});
