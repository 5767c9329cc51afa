import { describe, expect, test } from "vitest";
import type { Journal } from "../../src/bus/port.ts";
import type { RunAddress } from "../../src/contract/names.ts";
import {
  append,
  appendAll,
  createAddress,
  followTexts,
  range,
  readTexts,
  toBytes,
  toText,
  type Play,
} from "./stage.ts";

export function describeFollow(play: Play, channel: "events" | "logs"): void {
  describe(`following ${channel}`, () => {
    test("brings what there is, then what comes, in order", () =>
      play({}, async ({ bus, other, cluster }) => {
        const run = createAddress(cluster);
        const sequences = await appendAll(bus[channel], run, ["one", "two"]);
        const entries = other[channel].follow(run, { after: 0, signal: AbortSignal.timeout(20_000) });
        const iterator = entries[Symbol.asyncIterator]();
        expect(await iterator.next()).toEqual({ done: false, value: { data: toBytes("one"), sequence: sequences[0] } });
        expect(await iterator.next()).toEqual({ done: false, value: { data: toBytes("two"), sequence: sequences[1] } });
        const third = iterator.next();
        const [sequence] = await appendAll(bus[channel], run, ["three"], sequences[1]);
        expect(await third).toEqual({ done: false, value: { data: toBytes("three"), sequence } });
        await iterator.return?.();
      }));

    test("waits for a run of which there is nothing yet", () =>
      play({}, async ({ bus, other, cluster }) => {
        const run = createAddress(cluster);
        const texts = followTexts(other[channel], run, { count: 3 });
        await appendAll(bus[channel], run, ["one", "two", "three"]);
        expect(await texts).toEqual(["one", "two", "three"]);
      }));

    test("goes on behind any sequence, also one of another run", () =>
      play({}, async ({ bus, cluster }) => {
        const run = createAddress(cluster);
        const [first = 0] = await appendAll(bus[channel], run, ["one"]);
        const between = await append(bus[channel], createAddress(cluster), { text: "elsewhere", after: 0 });
        const [second = 0] = await appendAll(bus[channel], run, ["two", "three"], first);
        const read = (after: number, count: number) => followTexts(bus[channel], run, { after, count });
        expect(await read(first, 2)).toEqual(["two", "three"]);
        expect(await read(between, 2)).toEqual(["two", "three"]);
        expect(await read(second, 1)).toEqual(["three"]);
      }));

    test("brings the run's own entries only", () =>
      play({}, async ({ bus, cluster, otherCluster }) => {
        const run = createAddress(cluster);
        const namesake = { ...run, cluster: otherCluster };
        const texts = followTexts(bus[channel], run, { count: 20 });
        await Promise.all([
          appendAll(
            bus[channel],
            run,
            range(20).map((i) => `mine ${i}`),
          ),
          appendAll(
            bus[channel],
            namesake,
            range(20).map((i) => `theirs ${i}`),
          ),
          appendAll(
            bus[channel],
            createAddress(cluster),
            range(20).map((i) => `other ${i}`),
          ),
        ]);
        expect(await texts).toEqual(range(20).map((i) => `mine ${i}`));
      }));

    test("loses and doubles nothing, whenever it begins while a writer writes", () =>
      play({}, async ({ bus, other, cluster }) => {
        const run = createAddress(cluster);
        const all = range(300).map((i) => `entry ${i}`);
        const readers: Promise<string[]>[] = [];
        let after = 0;
        for (const [i, text] of all.entries()) {
          if (i % 30 === 0) readers.push(followTexts(other[channel], run, { count: all.length }));
          after = await append(bus[channel], run, { text, after });
        }
        for (const texts of await Promise.all(readers)) expect(texts).toEqual(all);
      }));

    test("resumed after each entry, it brings each once", () =>
      play({}, async ({ bus, cluster }) => {
        const run = createAddress(cluster);
        const all = range(30).map((i) => `entry ${i}`);
        const writing = appendAll(bus[channel], run, all);
        const read: string[] = [];
        let after = 0;
        while (read.length < all.length) {
          for await (const { data, sequence } of bus[channel].follow(run, {
            after,
            signal: AbortSignal.timeout(20_000),
          })) {
            read.push(toText(data));
            after = sequence;
            break;
          }
        }
        expect(read).toEqual(all);
        await writing;
      }));

    test("ends when its signal aborts: before, while it waits, while its reader is busy", () =>
      play({}, async ({ bus, cluster }) => {
        const run = createAddress(cluster);
        await appendAll(bus[channel], run, ["one", "two"]);
        expect(await readAll(bus[channel], run, AbortSignal.abort())).toEqual([]);

        const waiting = new AbortController();
        const reading = readAll(bus[channel], run, waiting.signal, (count) => {
          if (count === 2) setImmediate(() => waiting.abort());
        });
        expect(await reading).toEqual(["one", "two"]);

        const busy = new AbortController();
        expect(await readAll(bus[channel], run, busy.signal, () => busy.abort())).toEqual(["one"]);
      }));

    test("a slow reader slows nobody, and misses nothing", () =>
      play({}, async ({ bus, other, cluster }) => {
        const run = createAddress(cluster);
        const filler = "x".repeat(16 * 1024);
        const all = range(200).map((i) => `${i} ${filler}`);
        const slow = other[channel].follow(run, { after: 0, signal: AbortSignal.timeout(20_000) });
        const iterator = slow[Symbol.asyncIterator]();
        const first = iterator.next();
        const fast = followTexts(other[channel], run, { count: all.length });
        await appendAll(bus[channel], run, all);
        expect(await fast).toEqual(all);
        const { value } = await first;
        expect(toText(value?.data ?? toBytes(""))).toBe(all[0]);
        const rest = await readTexts({ [Symbol.asyncIterator]: () => iterator }, all.length - 1);
        expect(rest).toEqual(all.slice(1));
      }));
  });
}

export function describeLimits(play: Play): void {
  const chunk = new Uint8Array(8 * 1024);
  const logBytes = 40 * 1024;

  test("logs over their limit lose the oldest first, and a follower begins with what is kept", () =>
    play({ ownClusters: true, logBytes }, async ({ bus, cluster }) => {
      const run = createAddress(cluster);
      let last = 0;
      for (const i of range(20)) last = await appendChunk(bus.logs, run, { id: `${i}`, after: last });
      const kept: number[] = [];
      for await (const { sequence } of bus.logs.follow(run, { after: 0, signal: AbortSignal.timeout(20_000) })) {
        kept.push(sequence);
        if (sequence === last) break;
      }
      expect(kept.length).toBeGreaterThan(1);
      expect(kept.length).toBeLessThan(6);
    }));

  test("a run whose entries the limits have taken goes on, still one writer at a time", () =>
    play({ ownClusters: true, logBytes }, async ({ bus, cluster }) => {
      const quiet = createAddress(cluster);
      const first = await appendChunk(bus.logs, quiet, { id: "first", after: 0 });
      const loud = createAddress(cluster);
      let last = 0;
      for (const i of range(10)) last = await appendChunk(bus.logs, loud, { id: `${i}`, after: last });
      expect(await bus.logs.last(quiet)).toBeUndefined();
      const second = await appendChunk(bus.logs, quiet, { id: "second", after: first });
      expect(await bus.logs.append(quiet, chunk, { id: "late", after: first })).toEqual({ kind: "conflict" });
      expect((await bus.logs.last(quiet))?.sequence).toBe(second);
    }));

  async function appendChunk(journal: Journal, run: RunAddress, options: { id: string; after: number }) {
    const appended = await journal.append(run, chunk, options);
    if (appended.kind !== "appended") expect.unreachable();
    return appended.sequence;
  }
}

async function readAll(
  journal: Journal,
  run: RunAddress,
  signal: AbortSignal,
  onEntry: (count: number) => void = () => undefined,
): Promise<string[]> {
  const texts: string[] = [];
  for await (const { data } of journal.follow(run, { after: 0, signal })) onEntry(texts.push(toText(data)));
  return texts;
}
