import { describe, expect, test } from "vitest";
import { MessageTooLarge } from "../../src/bus/port.ts";
import { append, appendAll, createAddress, createRunId, followTexts, largestPayload } from "./stage.ts";
import { range, toBytes, toText, type Play } from "./stage.ts";

export function describeJournal(play: Play, channel: "events" | "logs"): void {
  describe(channel, () => {
    test("a run of which nothing is stored has no last entry", () =>
      play({}, async ({ bus, cluster }) => {
        expect(await bus[channel].last(createAddress(cluster))).toBeUndefined();
      }));

    test("what one appends is the last entry for the other, and sequences grow", () =>
      play({}, async ({ bus, other, cluster }) => {
        const run = createAddress(cluster);
        const first = await append(bus[channel], run, { text: "one", after: 0 });
        expect(first).toBeGreaterThan(0);
        expect(await other[channel].last(run)).toMatchObject({ data: toBytes("one"), sequence: first });
        const second = await append(other[channel], run, { text: "two", after: first });
        expect(second).toBeGreaterThan(first);
        expect(await bus[channel].last(run)).toMatchObject({ data: toBytes("two"), sequence: second });
      }));

    test("an entry behind anything but the last one is refused, and not stored", () =>
      play({}, async ({ bus, cluster }) => {
        const run = createAddress(cluster);
        const [first = 0, second = 0] = await appendAll(bus[channel], run, ["one", "two"]);
        for (const after of [0, first, second + 1]) {
          const refused = await bus[channel].append(run, toBytes("wrong"), { id: `wrong ${after}`, after });
          expect(refused).toEqual({ kind: "conflict" });
        }
        expect(await followTexts(bus[channel], run, { count: 2 })).toEqual(["one", "two"]);
        expect(toText((await bus[channel].last(run))?.data ?? toBytes(""))).toBe("two");
      }));

    test("a refused entry is taken when it is appended behind the right one", () =>
      play({}, async ({ bus, cluster }) => {
        const run = createAddress(cluster);
        const first = await append(bus[channel], run, { text: "one", after: 0 });
        const refused = await bus[channel].append(run, toBytes("two"), { id: "two", after: 0 });
        expect(refused).toEqual({ kind: "conflict" });
        await append(bus[channel], run, { text: "two", after: first });
        expect(await followTexts(bus[channel], run, { count: 2 })).toEqual(["one", "two"]);
      }));

    test("of 200 writers who append behind the same entry exactly one is taken", () =>
      play({}, async ({ bus, other, cluster }) => {
        const run = createAddress(cluster);
        for (const after of [0, await append(bus[channel], createAddress(cluster), { text: "elsewhere", after: 0 })]) {
          const last = after === 0 ? 0 : ((await bus[channel].last(run))?.sequence ?? 0);
          const outcomes = await Promise.all(
            range(200).map((i) =>
              (i % 2 === 0 ? bus : other)[channel].append(run, toBytes(`${i}`), { id: `${after} ${i}`, after: last }),
            ),
          );
          expect(outcomes.filter(({ kind }) => kind === "appended")).toHaveLength(1);
        }
        expect(await followTexts(bus[channel], run, { count: 2 })).toHaveLength(2);
      }));

    test("the same id again is answered with the first one's sequence and stored once", () =>
      play({}, async ({ bus, other, cluster }) => {
        const run = createAddress(cluster);
        const entry = (id: string, after: number) => other[channel].append(run, toBytes(id), { id, after });
        const first = await append(bus[channel], run, { text: "one", after: 0 });
        expect(await entry("one", 0)).toEqual({ kind: "appended", sequence: first });
        const second = await append(bus[channel], run, { text: "two", after: first });
        expect(await entry("two", first)).toEqual({ kind: "appended", sequence: second });
        expect(await entry("one", 0)).toEqual({ kind: "appended", sequence: first });
        await append(bus[channel], run, { text: "three", after: second });
        expect(await followTexts(bus[channel], run, { count: 3 })).toEqual(["one", "two", "three"]);
      }));

    test("the same id at the same time from many is stored once, and all get its sequence", () =>
      play({}, async ({ bus, other, cluster }) => {
        const run = createAddress(cluster);
        const outcomes = await Promise.all(
          range(50).map((i) => (i % 2 ? bus : other)[channel].append(run, toBytes("one"), { id: "one", after: 0 })),
        );
        const last = await bus[channel].last(run);
        for (const outcome of outcomes) expect(outcome).toEqual({ kind: "appended", sequence: last?.sequence });
      }));

    test("an id counts within its run only", () =>
      play({}, async ({ bus, cluster, otherCluster }) => {
        const runId = createRunId();
        const runs = [{ cluster, runId }, { cluster: otherCluster, runId }, createAddress(cluster)];
        for (const run of runs) await append(bus[channel], run, { text: "same", after: 0 });
        for (const run of runs) expect(toText((await bus[channel].last(run))?.data ?? toBytes(""))).toBe("same");
      }));

    test("entries are any bytes, none at all, and up to the largest payload", () =>
      play({}, async ({ bus, cluster }) => {
        const run = createAddress(cluster);
        const values = [
          new Uint8Array(),
          Uint8Array.from(range(256)),
          new Uint8Array(largestPayload).map((_, i) => i % 251),
          new Uint8Array(),
        ];
        let after = 0;
        for (const [i, value] of values.entries()) {
          const appended = await bus[channel].append(run, value, { id: `${i}`, after });
          if (appended.kind !== "appended") expect.unreachable();
          after = appended.sequence;
          expect(Buffer.compare((await bus[channel].last(run))?.data ?? toBytes("nothing"), value)).toBe(0);
        }
        const read: Uint8Array[] = [];
        for await (const { data } of bus[channel].follow(run, { after: 0, signal: AbortSignal.timeout(20_000) })) {
          read.push(data);
          if (read.length === values.length) break;
        }
        expect(Buffer.compare(Buffer.concat(read), Buffer.concat(values))).toBe(0);
      }));

    test("all of a run's entries are read at once, in order, and of no other run", () =>
      play({}, async ({ bus, other, cluster }) => {
        const [run, another] = [createAddress(cluster), createAddress(cluster)];
        expect(await bus[channel].read(run)).toEqual([]);
        const texts = range(30).map((i) => `${i}`);
        const sequences: number[] = [];
        for (const text of texts) {
          sequences.push(await append(bus[channel], run, { text, after: sequences.at(-1) ?? 0 }));
          if (text === "7") await append(bus[channel], another, { text: "another", after: 0 });
        }
        const read = await other[channel].read(run);
        expect(read.map(({ data }) => toText(data))).toEqual(texts);
        expect(read.map(({ sequence }) => sequence)).toEqual(sequences);
        read[0]?.data.fill(0);
        expect((await bus[channel].read(run)).map(({ data }) => toText(data))).toEqual(texts);
      }));

    test("a larger entry is refused with the limit and its size, and nothing is stored", () =>
      play({}, async ({ bus, cluster }) => {
        const run = createAddress(cluster);
        const refusal = await bus[channel]
          .append(run, new Uint8Array(largestPayload + 1), { id: "large", after: 0 })
          .catch((error: unknown) => error);
        if (!(refusal instanceof MessageTooLarge)) expect.unreachable();
        expect(refusal).toMatchObject({ limit: largestPayload, actual: largestPayload + 1 });
        expect(await bus[channel].last(run)).toBeUndefined();
      }));

    test("what is read is what was written, whatever writer and reader do to their bytes", () =>
      play({}, async ({ bus, cluster }) => {
        const run = createAddress(cluster);
        const mine = toBytes("mine");
        await bus[channel].append(run, mine, { id: "mine", after: 0 });
        mine.fill(0);
        (await bus[channel].last(run))?.data.fill(1);
        expect(await followTexts(bus[channel], run, { count: 1 })).toEqual(["mine"]);
      }));

    test.each([
      { cluster: "*", runId: createRunId() },
      { cluster: "local", runId: "*" },
      { cluster: "local", runId: ">" },
      { cluster: "a.b", runId: createRunId() },
      { cluster: "local", runId: `${createRunId()}.x` },
      { cluster: "", runId: createRunId() },
      { cluster: "local\r\nPUB x 0", runId: createRunId() },
    ])("the address $cluster $runId is refused", (address) =>
      play({}, async ({ bus }) => {
        const journal = bus[channel];
        await expect(journal.append(address, toBytes("x"), { id: "x", after: 0 })).rejects.toThrow(TypeError);
        await expect(journal.last(address)).rejects.toThrow(TypeError);
        await expect(journal.read(address)).rejects.toThrow(TypeError);
        await expect(followTexts(journal, address, { count: 1 })).rejects.toThrow(TypeError);
      }),
    );
  });
}
