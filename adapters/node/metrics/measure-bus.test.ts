import { describe, expect, test } from "vitest";
import { createMemoryBus } from "../../../src/bus/memory/memory-bus.ts";
import { measureBus, type CallObserver } from "./measure-bus.ts";

const address = { cluster: "local", runId: "01jd000000000000000000000a" };

function arrange() {
  const told: string[] = [];
  const observer: CallObserver = {
    answered: (operation, seconds) => void told.push(`${operation} ${seconds >= 0}`),
    failed: (operation, reason) => void told.push(`${operation} ${reason}`),
  };
  return { bus: measureBus(createMemoryBus(), observer), told };
}

describe("a measured bus", () => {
  test("does what the bus does, and tells of each call", async () => {
    const { bus, told } = arrange();
    expect(await bus.records.set("container.a", new Uint8Array([1]), 0)).toMatchObject({ kind: "written" });
    expect(await bus.records.set("container.a", new Uint8Array([2]), 0)).toEqual({ kind: "conflict" });
    expect((await bus.records.get("container.a"))?.value).toEqual(new Uint8Array([1]));
    await bus.events.append(address, new Uint8Array([3]), { id: "a", after: 0 });
    expect((await bus.events.page("local", { count: 5 })).entries).toHaveLength(1);
    expect(told).toEqual([
      "records.set true",
      "records.set true",
      "records.get true",
      "events.append true",
      "events.page true",
    ]);
  });

  test("hands out leases that are measured, and takes none in advance", async () => {
    const { bus, told } = arrange();
    await bus.requests.place(address, new Uint8Array([1]));
    const stop = new AbortController();
    for await (const lease of bus.requests.take("local", { signal: stop.signal })) {
      expect(lease).toMatchObject({ address, deliveries: 1 });
      await lease.renew();
      await lease.finish();
      stop.abort();
    }
    expect(told).toEqual(["requests.place true", "lease.renew true", "lease.finish true"]);
  });

  test("rejects with what the bus rejects with, and tells why", async () => {
    const { bus, told } = arrange();
    await bus.close();
    await expect(bus.logs.last(address)).rejects.toMatchObject({ code: "RES-151" });
    expect(told).toEqual(["logs.last unavailable"]);
  });

  test("ends with whoever stops following", async () => {
    const { bus } = arrange();
    await bus.events.append(address, new Uint8Array([3]), { id: "a", after: 0 });
    const stop = new AbortController();
    const seen: number[] = [];
    for await (const { data } of bus.events.follow(address, { after: 0, signal: stop.signal })) {
      seen.push(...data);
      stop.abort();
    }
    expect(seen).toEqual([3]);
  });
});
