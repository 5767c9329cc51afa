import { expect, test } from "vitest";
import { formatJsonLines, formatServerSentEvents } from "./format.ts";
import type { Frame } from "./frame.ts";
import { withTicks } from "./with-ticks.ts";

const item = (text: string): Frame<{ text: string }> => ({ kind: "item", cursor: "7", item: { text } });
const end: Frame<{ text: string }> = { kind: "end", end: { status: "failed", complete: false } };

async function* give<T>(...values: T[]): AsyncGenerator<T> {
  yield* values;
}

test("text of any kind stays within its event", async () => {
  const hostile = "a\nb\r\nc\rd\u2028e\u0000\n\nevent: end\ndata: {}";
  const pieces = await Array.fromAsync(formatServerSentEvents(give(item(hostile), end), 60_000));
  expect(pieces).toEqual([
    "retry: 2000\n\n",
    `id: 7\ndata: ${JSON.stringify({ text: hostile, cursor: "7" })}\n\n`,
    'event: end\ndata: {"status":"failed","complete":false}\n\n',
  ]);
  expect(pieces[1]?.slice(0, -2).split(/\r\n|\r|\n/)).toHaveLength(2);
});

test("JSON lines have their items, one a line, and no end", async () => {
  const pieces = await Array.fromAsync(formatJsonLines(give(item("a\nb"), item("c"), end)));
  expect(pieces).toEqual(['{"text":"a\\nb","cursor":"7"}\n', '{"text":"c","cursor":"7"}\n']);
});

test("a silent stream has a sign of life, again and again, and goes on", async () => {
  const waiting = Promise.withResolvers<void>();
  async function* silent() {
    yield item("one");
    await waiting.promise;
    yield item("two");
  }
  const pieces: string[] = [];
  for await (const piece of formatServerSentEvents(silent(), 1)) {
    pieces.push(piece.split("\n")[0] ?? "");
    if (pieces.filter((text) => text.startsWith(":")).length === 3) waiting.resolve();
  }
  expect(pieces.slice(0, 5)).toEqual(["retry: 2000", "id: 7", ": still here", ": still here", ": still here"]);
  expect(pieces.at(-1)).toBe("id: 7");
});

test("an error of the source comes through, also while it was waited for", async () => {
  async function* failing() {
    yield { n: 1 };
    await new Promise((resolve) => setTimeout(resolve, 5));
    throw new Error("the broker is gone");
  }
  await expect(Array.fromAsync(withTicks(failing(), 1))).rejects.toThrow("the broker is gone");
});
