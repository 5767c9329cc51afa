/** What goes wrong around a front door: crashes between two writes, forged ends, a broker that fails. */
import { describe, expect, test } from "vitest";
import { buildBody, cluster, createStage, guresid, succeedWith } from "./app.fixture.ts";
import { interceptBus, type Call } from "./bus.fixture.ts";
import { createMemoryBus } from "./bus/memory/memory-bus.ts";
import { BusUnavailable } from "./bus/port.ts";
import { decodeMessage, encodeMessage } from "./contract/decode.ts";
import { eventTypes, RunEvent } from "./contract/events.ts";
import { sealResult } from "./sealing/result.ts";
import { createParties } from "./sealing/sealing.fixture.ts";

const parties = await createParties();

/** A bus that dies, once, before a certain call. */
function dieBefore(operation: Call["operation"], bus = createMemoryBus()) {
  let dead = false;
  const appBus = interceptBus(bus, (call) => {
    if (dead || call.operation !== operation) return;
    dead = true;
    throw new Error("killed");
  });
  return { bus, appBus };
}

describe("a front door that is killed between its writes", () => {
  const steps = ["events.append", "requests.place"] as const;
  test.for(steps)("before %s: the same PUT heals it, and runs nothing twice", async (operation) => {
    const stage = await createStage({ parties, ...dieBefore(operation) });
    expect((await stage.put()).status).toBe(500);
    const healed = await stage.put();
    expect(healed.status).toBe(202);
    const { run, end } = await stage.takeRun();
    expect(run.order.runId).toBe(healed.runId);
    await end(succeedWith());
    expect(await stage.put()).toMatchObject({ status: 200, runId: healed.runId });
  });

  test.for(steps)("before %s: another PUT, or a DELETE, is told 409 and heals it too", async (operation) => {
    for (const ask of ["other PUT", "DELETE"]) {
      const stage = await createStage({ parties, ...dieBefore(operation) });
      await stage.put();
      const reply = ask === "DELETE" ? await stage.delete() : await stage.put(buildBody({ size: 2 }));
      expect(reply.status).toBe(409);
      expect((await stage.takeRun()).run.order.runId).toBe(reply.runId);
    }
  });

  test.for(steps)("of a destroy, before %s: the next DELETE heals it", async (operation) => {
    const { bus, appBus } = dieBefore(operation);
    const before = await createStage({ parties, bus });
    await before.put();
    await (await before.takeRun()).end(succeedWith());
    const stage = await createStage({ parties, bus, appBus });
    expect((await stage.delete()).status).toBe(500);
    expect((await stage.delete()).status).toBe(202);
    await (await stage.takeRun()).end(succeedWith());
    expect((await stage.delete()).status).toBe(204);
  });

  test("before the record: nothing has happened", async () => {
    const stage = await createStage({ parties, ...dieBefore("records.set") });
    expect((await stage.put()).status).toBe(500);
    expect((await stage.get()).status).toBe(404);
    expect((await stage.put()).status).toBe(202);
  });

  test("between the recorded outputs and the note of them: the next PUT answers the same", async () => {
    const bus = createMemoryBus();
    let writes = 0;
    // The record, the result, then the note in the record.
    const appBus = interceptBus(bus, ({ operation }) => {
      if (operation === "records.set" && ++writes === 3) throw new Error("killed");
    });
    const stage = await createStage({ parties, bus, appBus });
    await stage.put();
    await (await stage.takeRun()).end(succeedWith({ url: "a" }));
    expect((await stage.put()).status).toBe(500);
    for (let n = 0; n < 2; n++) expect((await stage.put()).text).toContain('"url":"a"');
  });

  test("a GET changes nothing, not even what is half-way", async () => {
    const { bus, appBus } = dieBefore("events.append");
    const stage = await createStage({ parties, bus, appBus });
    await stage.put();
    const written: Call[] = [];
    const watching = interceptBus(bus, (call) => {
      if (/set|remove|append|place/.test(call.operation)) written.push(call);
    });
    const reader = await createStage({ parties, bus, appBus: watching });
    expect((await reader.get()).status).toBe(202);
    expect(written).toEqual([]);
  });
});

describe("a slow front door", () => {
  const steps = ["records.get", "records.set"] as const;
  test.for(steps)(
    "that notes an end late, held at %s, doesn't put old outputs in place of newer ones",
    async (step) => {
      const bus = createMemoryBus();
      const slow = Promise.withResolvers<void>();
      const reached = Promise.withResolvers<void>();
      let held = false;
      const appBus = interceptBus(bus, async ({ operation, key: written }) => {
        if (held || operation !== step || !written.endsWith(".result")) return;
        held = true;
        reached.resolve();
        await slow.promise;
      });
      const late = await createStage({ parties, bus, appBus });
      const stage = await createStage({ parties, bus });
      await stage.put(buildBody({ n: 1 }));
      await (await stage.takeRun()).end(succeedWith({ url: "old" }));
      const pending = late.put(buildBody({ n: 1 }));
      await reached.promise;

      await stage.put(buildBody({ n: 1 }));
      await stage.put(buildBody({ n: 2 }));
      await (await stage.takeRun()).end(succeedWith({ url: "new" }));
      await stage.put(buildBody({ n: 2 }));
      slow.resolve();

      expect((await pending).text).toContain('"url":"old"');
      expect((await stage.put(buildBody({ n: 2 }))).text).toContain('"url":"new"');
      expect((await stage.get()).text).toContain('"url":"new"');
    },
  );

  test.for(["PUT", "GET"] as const)("whose %s is overtaken by a destroy looks again", async (method) => {
    const bus = createMemoryBus();
    const stage = await createStage({ parties, bus });
    await stage.put();
    await (await stage.takeRun()).end(succeedWith({ url: "a" }));
    await stage.put();
    let overtaken = false;
    const appBus = interceptBus(bus, async ({ operation, key }) => {
      if (overtaken || operation !== "records.get" || !key.endsWith(".result")) return;
      overtaken = true;
      await stage.delete();
      await (await stage.takeRun()).end(succeedWith());
      expect((await stage.delete()).status).toBe(204);
    });
    const slow = await createStage({ parties, bus, appBus });
    const reply = await slow.ask(method === "PUT" ? { method, body: buildBody() } : { method });
    expect(reply.status).toBe(method === "PUT" ? 202 : 404);
  });

  test("that finds recorded outputs missing says that it is our error", async () => {
    const stage = await createStage({ parties });
    await stage.put();
    await (await stage.takeRun()).end(succeedWith());
    await stage.put();
    const result = `container.${guresid}.result`;
    await stage.bus.records.remove(result, (await stage.bus.records.get(result))?.revision ?? 0);
    for (const ask of [stage.put, stage.get]) expect((await ask()).status).toBe(500);
    expect(stage.logged.join("\n")).toContain("its recorded result is missing");
  });
});

const elsewhere = { cluster, runId: "01jd0v8e3k7xw2m4n6p8q0r1s2" };
const forgeries = {
  "not sealed at all": undefined,
  empty: "",
  "not a JWE": "forged",
  "sealed with another key": await sealResult(succeedWith({ url: "forged" }), {
    ...elsewhere,
    runKey: "A".repeat(43),
    runKeyId: "forged-key",
    type: eventTypes.succeeded,
  }),
};

describe("an end that an agent without the run's key has written", () => {
  async function forge(sealed: string | undefined, kind: "succeeded" | "failed" = "succeeded") {
    const stage = await createStage({ parties });
    await stage.put();
    const played = await stage.takeRun();
    await played.report(kind, {
      ...(sealed === undefined ? {} : { sealed }),
      failure: { reason: "exit-code", message: "forged" },
    });
    return { stage, played };
  }

  test.for(Object.entries(forgeries))("%s, is not believed", async ([, sealed]) => {
    for (const kind of ["succeeded", "failed"] as const) {
      const { stage } = await forge(sealed, kind);
      const told = [await stage.get(), await stage.put()];
      for (const { status, text } of told) {
        expect(status).toBe(400);
        expect(text).toContain("Cannot trust the run's reported end");
        expect(text).not.toContain("forged");
      }
      expect(stage.logged.join("\n")).toContain("The end of a run is not authentic");
      expect((await stage.put()).status).toBe(202);
    }
  });

  test("a success that was sealed as a failure, or for another run, is not believed", async () => {
    const { stage, played } = await forge("x");
    const { order } = played.run;
    const results = [
      await sealResult(succeedWith(), { ...order, type: eventTypes.failed }),
      await sealResult(succeedWith(), { ...order, ...elsewhere, type: eventTypes.succeeded }),
      await sealResult(succeedWith(), { ...order, cluster: "other", type: eventTypes.succeeded }),
    ];
    for (const sealed of results) {
      const last = await stage.bus.events.last(order);
      const event = decodeMessage(RunEvent, last?.data ?? new Uint8Array());
      if (!event.ok) throw new Error(event.problem);
      const data = { ...event.value.data, sealed };
      await stage.bus.events.append(order, encodeMessage({ ...event.value, data }), {
        id: sealed.slice(-20),
        after: last?.sequence ?? 0,
      });
      expect((await stage.get()).status).toBe(400);
    }
  });

  test("of a phase that is not known yet is a run that goes on", async () => {
    const stage = await createStage({ parties });
    await stage.put();
    const { run } = await stage.takeRun();
    const last = await stage.bus.events.last(run.order);
    const event = decodeMessage(RunEvent, last?.data ?? new Uint8Array());
    if (!event.ok) throw new Error(event.problem);
    const newer = { ...event.value, type: "run.paused.v1", data: { ...event.value.data, phase: "paused" } };
    await stage.bus.events.append(run.order, encodeMessage(newer), { id: "paused", after: last?.sequence ?? 0 });
    for (const ask of [stage.put, stage.get]) expect((await ask()).status).toBe(202);
    expect((await stage.delete()).status).toBe(409);
  });

  test("that can't be read at all is our error, and starts nothing", async () => {
    const stage = await createStage({ parties });
    await stage.put();
    const { run } = await stage.takeRun();
    const last = await stage.bus.events.last(run.order);
    await stage.bus.events.append(run.order, new Uint8Array([0xff]), { id: "x", after: last?.sequence ?? 0 });
    for (const ask of [stage.put, stage.get, stage.delete]) expect((await ask()).status).toBe(500);
    expect(stage.logged.join("\n")).toContain("Cannot read the last event of run");
  });
});

describe("a broker that fails", () => {
  const operations = ["records.get", "records.set", "events.append", "requests.place"] as const;
  test.for(operations)("at %s is 503 with Retry-After, without details", async (operation) => {
    const bus = createMemoryBus();
    const appBus = interceptBus(bus, (call) => {
      if (call.operation === operation) throw new BusUnavailable("do it", { reason: "nats://secret-host refused" });
    });
    const stage = await createStage({ parties, bus, appBus });
    const reply = await stage.put();
    expect([reply.status, reply.body["error"], reply.headers.get("Retry-After")]).toEqual([503, "RES-151", "2"]);
    expect(reply.text).not.toContain("secret-host");
    expect(stage.logged.join("\n")).toContain("The broker does not answer");
  });

  test("by refusing every write, as if its reads were always too old, is 503 and not an endless loop", async () => {
    const bus = createMemoryBus();
    const records = { ...bus.records, set: () => Promise.resolve({ kind: "conflict" as const }) };
    const stage = await createStage({ parties, bus: { ...bus, records } });
    expect((await stage.put()).status).toBe(503);
    expect(stage.logged.join("\n")).toContain("the record was never as it had been read, 100 times");
  });

  test("while a caller waits is 503 too", async () => {
    const bus = createMemoryBus();
    const appBus = interceptBus(bus, (call) => {
      if (call.operation === "events.follow") throw new BusUnavailable("follow");
    });
    const stage = await createStage({ parties, bus, appBus });
    expect((await stage.put(undefined, { prefer: "wait=20" })).status).toBe(503);
  });

  test("that takes less than our limits suppose is 413 with both figures, and nothing is left", async () => {
    const bus = createMemoryBus({ maxMessageBytes: 2000 });
    const stage = await createStage({ parties, bus });
    const reply = await stage.put(buildBody({ text: "x".repeat(3000) }));
    expect([reply.status, reply.body["error"]]).toEqual([413, "RES-105"]);
    expect(reply.body["message"]).toMatch(/the message is \d+ bytes, the limit is 2000 bytes/);
    expect((await stage.get()).status).toBe(404);
  });

  test("in a way that nobody thought of is 500 with a number to look up, and nothing else", async () => {
    const bus = createMemoryBus();
    const appBus = interceptBus(bus, () => {
      throw new Error("canary: at line 7 of secret.ts");
    });
    const stage = await createStage({ parties, bus, appBus });
    const reply = await stage.put();
    expect([reply.status, reply.body["error"]]).toEqual([500, "RES-150"]);
    expect(reply.text).not.toMatch(/canary|secret\.ts/);
    const id = reply.headers.get("X-Request-Id") ?? "";
    expect(reply.body["message"]).toContain(id);
    expect(stage.logged.some((line) => line.includes(id) && line.includes("A request failed unexpectedly"))).toBe(true);
  });

  test("by holding a record that can't be read is 500: guessing could run a resource twice", async () => {
    const stage = await createStage({ parties });
    await stage.bus.records.set(`container.${guresid}`, new TextEncoder().encode("{}"), 0);
    for (const ask of [stage.put, stage.get, stage.delete]) expect((await ask()).status).toBe(500);
    expect(stage.logged.join("\n")).toContain(`Cannot read the record container.${guresid}`);
  });
});
