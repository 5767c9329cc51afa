import { describe, expect, test } from "vitest";
import type { Bus, HistoryEntry } from "../../src/bus/port.ts";
import { append, appendAll, createAddress, range, toText, type Play } from "./stage.ts";

/** All pages, oldest page last, each as the texts of its entries. */
async function readPages(bus: Bus, cluster: string, count: number): Promise<string[][]> {
  const pages: string[][] = [];
  for (let before: number | undefined; ;) {
    const { entries, next } = await bus.events.page(cluster, { before, count });
    pages.push(entries.map(({ data }) => toText(data)));
    if (next === undefined) return pages;
    before = next;
  }
}

async function readAll(entries: AsyncIterable<HistoryEntry>, count: number): Promise<HistoryEntry[]> {
  const read: HistoryEntry[] = [];
  for await (const entry of entries) {
    read.push(entry);
    if (read.length === count) break;
  }
  return read;
}

export function describeHistory(play: Play): void {
  describe("the history of a cluster", () => {
    test("is empty where nothing has happened", () =>
      play({ ownClusters: true }, async ({ bus, cluster }) => {
        expect(await bus.events.page(cluster, { count: 10 })).toEqual({ entries: [], bytes: 0 });
        expect(await bus.events.locate(cluster, new Date())).toBe(0);
      }));

    test("is read backwards in pages, the entries of all runs and of no other cluster", () =>
      play({ ownClusters: true }, async ({ bus, cluster, otherCluster }) => {
        const runs = range(3).map(() => createAddress(cluster));
        const written: string[] = [];
        const last = new Map<string, number>();
        for (const i of range(8)) {
          for (const [j, run] of runs.entries()) {
            const text = `run ${j}, entry ${i}`;
            last.set(run.runId, await append(bus.events, run, { text, after: last.get(run.runId) ?? 0 }));
            written.push(text);
          }
          await append(bus.events, createAddress(otherCluster), { text: "elsewhere", after: 0 });
        }
        for (const count of [1, 5, 24, 1000]) {
          const pages = await readPages(bus, cluster, count);
          expect(pages.flat()).toEqual(written.toReversed());
          expect(Math.max(...pages.map(({ length }) => length))).toBe(Math.min(count, 24));
        }
        const { entries } = await bus.events.page(cluster, { count: 3 });
        expect(entries.map(({ address }) => address)).toEqual(runs.toReversed());
        expect(entries.map(({ sequence }) => sequence)).toEqual(runs.toReversed().map(({ runId }) => last.get(runId)));
      }));

    test("has nothing before its first entry, and everything before what is not there yet", () =>
      play({ ownClusters: true }, async ({ bus, cluster }) => {
        const [first = 0, second = 0] = await appendAll(bus.events, createAddress(cluster), ["one", "two"]);
        const read = async (before: number) => {
          const page = await bus.events.page(cluster, { before, count: 5 });
          return [page.entries.map(({ data }) => toText(data)), page.next];
        };
        expect(await read(first)).toEqual([[], undefined]);
        expect(await read(0)).toEqual([[], undefined]);
        expect(await read(second)).toEqual([["one"], undefined]);
        expect(await read(second + 3)).toEqual([["two", "one"], undefined]);
      }));

    test("says how many bytes reading it has brought, at least those of the entries", () =>
      play({ ownClusters: true }, async ({ bus, cluster }) => {
        const run = createAddress(cluster);
        const sizes = async () => [
          (await bus.events.page(cluster, { count: 10 })).bytes,
          (await bus.events.last(run))?.bytes ?? 0,
        ];
        const first = await append(bus.events, run, { text: "one", after: 0 });
        const [page = 0, last = 0] = await sizes();
        expect([page >= 3, last >= 3, page < 1000, last < 1000]).toEqual([true, true, true, true]);
        await bus.events.append(run, new Uint8Array(5000), { id: "two", after: first });
        const [pageOfTwo = 0, lastOfTwo = 0] = await sizes();
        expect([pageOfTwo - page, lastOfTwo - last].map((more) => Math.floor(more / 1000))).toEqual([5, 4]);
      }));

    test("is found by time", () =>
      play({ ownClusters: true }, async ({ bus, cluster }) => {
        const run = createAddress(cluster);
        const texts = range(20).map((i) => `entry ${i}`);
        const times: Date[] = [];
        const sequences: number[] = [];
        for (const text of texts) {
          // Ten milliseconds apart: a broker and this program round differently.
          await waitForClock(10);
          times.push(new Date());
          await waitForClock(10);
          sequences.push(await append(bus.events, run, { text, after: sequences.at(-1) ?? 0 }));
        }
        const found = await Promise.all(times.map((time) => bus.events.locate(cluster, time)));
        expect(found).toEqual([0, ...sequences.slice(0, -1)]);
        expect(await bus.events.locate(cluster, new Date(0))).toBe(0);
        expect(await bus.events.locate(cluster, new Date(Date.now() + 60_000))).toBe(sequences.at(-1));
      }));

    test("is followed: what there is, then what comes, of all runs, in order and without doubles", () =>
      play({ ownClusters: true }, async ({ bus, other, cluster, otherCluster }) => {
        const runs = range(5).map(() => createAddress(cluster));
        const [begun = 0] = await appendAll(bus.events, runs[0] ?? createAddress(cluster), ["before"]);
        const signal = AbortSignal.timeout(20_000);
        const all = readAll(other.events.followAll(cluster, { after: 0, signal }), 101);
        const behind = readAll(other.events.followAll(cluster, { after: begun, signal }), 100);
        await Promise.all(
          runs.map((run, j) =>
            appendAll(
              bus.events,
              run,
              range(20).map((i) => `${j}.${i}`),
              j === 0 ? begun : 0,
            ),
          ),
        );
        await append(bus.events, createAddress(otherCluster), { text: "elsewhere", after: 0 });
        const entries = await all;
        expect(await behind).toEqual(entries.slice(1));
        const sequences = entries.map(({ sequence }) => sequence);
        expect(sequences).toEqual(sequences.toSorted((a, b) => a - b));
        expect(new Set(sequences).size).toBe(101);
        for (const [j, run] of runs.entries()) {
          const own = entries.filter(({ address }) => address.runId === run.runId).map(({ data }) => toText(data));
          expect(own.filter((text) => text !== "before")).toEqual(range(20).map((i) => `${j}.${i}`));
        }
      }));

    test("is followed by a slow reader, who misses nothing and slows nobody", () =>
      play({ ownClusters: true }, async ({ bus, other, cluster }) => {
        const signal = AbortSignal.timeout(20_000);
        const iterator = other.events.followAll(cluster, { after: 0, signal })[Symbol.asyncIterator]();
        const first = iterator.next();
        const filler = "x".repeat(16 * 1024);
        const texts = range(60).map((i) => `${i} ${filler}`);
        await appendAll(bus.events, createAddress(cluster), texts);
        const read = [await first, ...(await Promise.all(texts.slice(1).map(() => iterator.next())))];
        expect(read.map(({ value }) => toText(value?.data ?? new Uint8Array()))).toEqual(texts);
        await iterator.return?.();
      }));

    test("is no longer followed when the signal aborts, be it before, and when the bus closes", () =>
      play({ ownClusters: true }, async ({ bus, other, cluster }) => {
        expect(await readAll(bus.events.followAll(cluster, { after: 0, signal: AbortSignal.abort() }), 1)).toEqual([]);
        const waiting = new AbortController();
        const reading = readAll(bus.events.followAll(cluster, { after: 0, signal: waiting.signal }), 1);
        waiting.abort();
        expect(await reading).toEqual([]);
        const closing = readAll(other.events.followAll(cluster, { after: 0, signal: AbortSignal.timeout(20_000) }), 1);
        await other.close();
        expect(await closing).toEqual([]);
      }));

    test.each(["*", ">", "a.b", "", "a b"])("of a cluster that is called %j is refused", (name) =>
      play({}, async ({ bus }) => {
        await expect(bus.events.page(name, { count: 1 })).rejects.toThrow(TypeError);
        await expect(bus.events.locate(name, new Date())).rejects.toThrow(TypeError);
        const signal = AbortSignal.timeout(20_000);
        await expect(readAll(bus.events.followAll(name, { after: 0, signal }), 1)).rejects.toThrow(TypeError);
      }),
    );
  });
}

/** Resolves when the clock, which may stand still for a while, has moved on by so much. */
async function waitForClock(milliseconds: number): Promise<void> {
  const end = Date.now() + milliseconds;
  while (Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 1));
}
