import { describe, expect, test } from "vitest";
import { createMemoryBus } from "../bus/memory/memory-bus.ts";
import { createRecords, type ResourceRecord } from "./record.ts";

const address = { driver: "container", guresid: "abc" };
const run = { cluster: "local", runId: "01jd0v8e3k7xw2m4n6p8q0r1s2" };
const failure = { reason: "lost", message: "gone" };
const record: ResourceRecord = {
  v: 1,
  type: "s3",
  run: { ...run, action: "create", update: false, order: "o", requestedAt: "2027-01-15T08:00:00.000Z" },
  create: { cluster: "local", inputs: "i", fingerprint: "f", timeoutSeconds: 60 },
};

describe("a record", () => {
  test.for<ResourceRecord>([
    record,
    { ...record, result: {} },
    { ...record, result: { commit: "0123" }, run: { ...record.run, told: { kind: "succeeded" } } },
    { ...record, run: { ...record.run, told: { kind: "failed", sealed: "s" } } },
    { ...record, run: { ...record.run, told: { kind: "cancelled", sealed: "s" } } },
    { ...record, run: { ...record.run, told: { kind: "lost", failure } } },
  ])("comes out as it went in", async (saved) => {
    const records = createRecords(createMemoryBus().records);
    const written = await records.save(address, saved, 0);
    expect(await records.load(address)).toEqual({
      record: saved,
      revision: written.kind === "written" ? written.revision : "not written",
    });
  });

  test("that isn't there has the revision 0, which is what its first write expects", async () => {
    const records = createRecords(createMemoryBus().records);
    expect(await records.load(address)).toEqual({ record: undefined, revision: 0 });
    expect(await records.loadResult(address)).toEqual({ result: undefined, revision: 0 });
  });

  test("is written only as it was read", async () => {
    const records = createRecords(createMemoryBus().records);
    await records.save(address, record, 0);
    expect(await records.save(address, record, 0)).toEqual({ kind: "conflict" });
    const { revision } = await records.load(address);
    expect((await records.save(address, record, revision)).kind).toBe("written");
    expect(await records.save(address, record, revision)).toEqual({ kind: "conflict" });
  });

  test("is forgotten with its result, and only as it was read", async () => {
    const store = createMemoryBus().records;
    const records = createRecords(store);
    await records.save(address, record, 0);
    await records.saveResult(address, { ...run, sealed: "s" }, 0);
    expect(await records.forget(address, 99)).toEqual({ kind: "conflict" });
    expect((await records.loadResult(address)).result).toEqual({ ...run, sealed: "s" });
    await records.forget(address, (await records.load(address)).revision);
    expect(await store.get("container.abc")).toBeUndefined();
    expect(await store.get("container.abc.result")).toBeUndefined();
  });

  test.for(["", "{}", '{"v":2}', JSON.stringify({ ...record, run: { ...record.run, action: "update" } })])(
    "is damage where it reads %j: it is not guessed at",
    async (text) => {
      const store = createMemoryBus().records;
      await store.set("container.abc", new TextEncoder().encode(text), 0);
      await store.set("container.abc.result", new TextEncoder().encode(text), 0);
      const records = createRecords(store);
      await expect(records.load(address)).rejects.toThrow("Cannot read the record container.abc: ");
      await expect(records.loadResult(address)).rejects.toThrow("Cannot read the record container.abc.result: ");
    },
  );

  test("of a newer front door is read, and its new keys are let be", async () => {
    const store = createMemoryBus().records;
    await store.set("container.abc", new TextEncoder().encode(JSON.stringify({ ...record, labels: { a: 1 } })), 0);
    expect((await createRecords(store).load(address)).record).toEqual(record);
  });
});
