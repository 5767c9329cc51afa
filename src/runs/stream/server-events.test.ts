import fc from "fast-check";
import { expect, test } from "vitest";
import { parseServerEvents, type ServerEvent } from "./server-events.ts";

async function parse(text: string, size = text.length): Promise<ServerEvent[]> {
  const bytes = new TextEncoder().encode(text);
  async function* cut() {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  }
  return Array.fromAsync(parseServerEvents(cut()));
}

test("an event has its data, its name and the last id", async () => {
  expect(await parse(": hello\n\nid: 7\nevent: log\ndata: a\ndata: b\n\ndata:c\n\n")).toEqual([
    { event: "log", data: "a\nb", id: "7" },
    { event: "message", data: "c", id: "7" },
  ]);
});

test("what has no data is no event, and the end of a stream that was cut off is dropped", async () => {
  expect(await parse("event: x\nid: 1\n\nretry: 100\n\ndata\n\ndata: cut")).toEqual([
    { event: "message", data: "", id: "1" },
  ]);
});

test("events are the same however the bytes are cut, whichever line ends they have", async () => {
  const text = "id: 1\r\ndata: é🙂\r\n\r\nid: 2\rdata: b\r\rdata: c\n\n";
  const whole = await parse(text);
  expect(whole.map(({ data }) => data)).toEqual(["é🙂", "b", "c"]);
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 30 }), async (size) => {
      expect(await parse(text, size)).toEqual(whole);
    }),
  );
});
