import { describe, expect, test } from "vitest";
import { MessageTooLarge } from "../../src/bus/port.ts";
import { createRunId, largestPayload, range, toBytes, toText, type Play } from "./stage.ts";

const createKey = () => `container.${createRunId()}`;

export function describeRecords(play: Play): void {
  describe("records", () => {
    test("a key that was never written is not there", () =>
      play({}, async ({ bus }) => {
        expect(await bus.records.get(createKey())).toBeUndefined();
      }));

    test("what one writes the other reads, with the revision that a change must expect", () =>
      play({}, async ({ bus, other }) => {
        const key = createKey();
        const first = await bus.records.set(key, toBytes("one"), 0);
        if (first.kind !== "written") expect.unreachable();
        expect(first.revision).toBeGreaterThan(0);
        expect(await other.records.get(key)).toEqual({ value: toBytes("one"), revision: first.revision });
        const second = await other.records.set(key, toBytes("two"), first.revision);
        if (second.kind !== "written") expect.unreachable();
        expect(second.revision).toBeGreaterThan(first.revision);
        expect(await bus.records.get(key)).toEqual({ value: toBytes("two"), revision: second.revision });
      }));

    test("a write that expects another revision changes nothing", () =>
      play({}, async ({ bus }) => {
        const key = createKey();
        const first = await bus.records.set(key, toBytes("one"), 0);
        if (first.kind !== "written") expect.unreachable();
        const second = await bus.records.set(key, toBytes("two"), first.revision);
        if (second.kind !== "written") expect.unreachable();
        for (const expected of [0, first.revision, second.revision + 1])
          expect(await bus.records.set(key, toBytes("wrong"), expected)).toEqual({ kind: "conflict" });
        expect(await bus.records.set(createKey(), toBytes("wrong"), second.revision)).toEqual({ kind: "conflict" });
        expect(toText((await bus.records.get(key))?.value ?? toBytes(""))).toBe("two");
      }));

    test("a removed key is not there, and can be written anew as one that never was", () =>
      play({}, async ({ bus, other }) => {
        const key = createKey();
        const first = await bus.records.set(key, toBytes("one"), 0);
        if (first.kind !== "written") expect.unreachable();
        expect(await bus.records.remove(key, first.revision + 1)).toEqual({ kind: "conflict" });
        expect((await bus.records.remove(key, first.revision)).kind).toBe("written");
        expect(await other.records.get(key)).toBeUndefined();
        expect(await bus.records.remove(key, first.revision)).toEqual({ kind: "conflict" });
        expect(await bus.records.set(key, toBytes("two"), first.revision)).toEqual({ kind: "conflict" });
        const second = await bus.records.set(key, toBytes("two"), 0);
        if (second.kind !== "written") expect.unreachable();
        expect(second.revision).toBeGreaterThan(first.revision);
        expect(await bus.records.set(key, toBytes("three"), 0)).toEqual({ kind: "conflict" });
        expect(await other.records.get(key)).toEqual({ value: toBytes("two"), revision: second.revision });
      }));

    test("of 200 who claim a key at once exactly one gets it: new, changed, removed and new again", () =>
      play({}, async ({ bus, other }) => {
        const key = createKey();
        const claim = async (act: (i: number) => Promise<{ kind: string; revision?: number }>) => {
          const outcomes = await Promise.all(range(200).map(act));
          const winners = outcomes.flatMap((outcome, i) => (outcome.kind === "written" ? [i] : []));
          expect(winners).toHaveLength(1);
          const winner = winners[0] ?? 0;
          return { winner, revision: outcomes[winner]?.revision ?? 0 };
        };
        const at = (i: number) => (i % 2 === 0 ? bus : other).records;
        const first = await claim((i) => at(i).set(key, toBytes(`new ${i}`), 0));
        const second = await claim((i) => at(i).set(key, toBytes(`changed ${i}`), first.revision));
        expect(toText((await bus.records.get(key))?.value ?? toBytes(""))).toBe(`changed ${second.winner}`);
        await claim((i) => at(i).remove(key, second.revision));
        const again = await claim((i) => at(i).set(key, toBytes(`again ${i}`), 0));
        expect(toText((await bus.records.get(key))?.value ?? toBytes(""))).toBe(`again ${again.winner}`);
      }));

    test("values are any bytes, none at all, and up to the largest payload", () =>
      play({}, async ({ bus }) => {
        const values = [
          new Uint8Array(),
          Uint8Array.from(range(256)),
          new Uint8Array(largestPayload).map((_, i) => i % 251),
        ];
        for (const value of values) {
          const key = createKey();
          expect((await bus.records.set(key, value, 0)).kind).toBe("written");
          expect(Buffer.compare((await bus.records.get(key))?.value ?? toBytes("nothing"), value)).toBe(0);
        }
      }));

    test("a larger value is refused with the limit and its size, and nothing is written", () =>
      play({}, async ({ bus }) => {
        const key = createKey();
        const refusal = await bus.records
          .set(key, new Uint8Array(largestPayload + 1), 0)
          .catch((error: unknown) => error);
        if (!(refusal instanceof MessageTooLarge)) expect.unreachable();
        expect(refusal).toMatchObject({ limit: largestPayload, actual: largestPayload + 1, code: "RES-105" });
        expect(refusal.message).toContain(
          `the message is ${largestPayload + 1} bytes, the limit is ${largestPayload} bytes`,
        );
        expect(await bus.records.get(key)).toBeUndefined();
      }));

    test("what is read is what was written, whatever writer and reader do to their bytes", () =>
      play({}, async ({ bus }) => {
        const key = createKey();
        const mine = toBytes("mine");
        const writing = bus.records.set(key, mine, 0);
        await writing;
        mine.fill(0);
        (await bus.records.get(key))?.value.fill(1);
        expect(toText((await bus.records.get(key))?.value ?? toBytes(""))).toBe("mine");
      }));

    test.each(["", ".", "*", ">", "a.*", "a.>", "a b", "a..b", ".a", "a.", "a\r\nPUB x 0\r\n", "a\0"])(
      "the key %j is refused",
      (key) =>
        play({}, async ({ bus }) => {
          await expect(bus.records.get(key)).rejects.toThrow(TypeError);
          await expect(bus.records.set(key, toBytes("x"), 0)).rejects.toThrow(TypeError);
          await expect(bus.records.remove(key, 1)).rejects.toThrow(TypeError);
        }),
    );
  });
}
