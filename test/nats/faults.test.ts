/** What goes wrong between a bus and its broker: with real servers, killed, paused, restarted. */
import { setTimeout as wait } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { jetstreamManager } from "@nats-io/jetstream";
import { describe, expect, test } from "vitest";
import { natsServerVersions, type NatsServerVersion } from "../../scripts/nats-server.ts";
import { createNatsBus } from "../../src/bus/nats/nats-bus.ts";
import { provisionCluster } from "../../src/bus/nats/provision.ts";
import { BusUnavailable, MessageTooLarge, type Bus } from "../../src/bus/port.ts";
import type { RunAddress } from "../../src/contract/names.ts";
import {
  append,
  appendAll,
  createAddress,
  createTaker,
  followTexts,
  range,
  toBytes,
  type Stage,
} from "../bus/stage.ts";
import { connectTo, openNatsStage } from "./nats-stage.ts";
import { startNatsServer, type NatsServer } from "./server.ts";

interface Faulty extends Stage {
  readonly server: NatsServer;
}

async function play(version: NatsServerVersion, act: (stage: Faulty) => Promise<void>, leaseMilliseconds = 2_000) {
  const server = await startNatsServer({ version });
  const stage = await openNatsStage(server, {
    ownClusters: true,
    leaseMilliseconds,
    timeoutMilliseconds: 1_000,
  });
  try {
    await act({ ...stage, server });
    await stage.close();
  } finally {
    await server.close();
  }
}

/** Does it until the broker answers: what every caller of ours does, one way or another. */
async function insist<T>(act: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof BusUnavailable)) throw error;
      await wait(50);
    }
  }
}

describe.each(natsServerVersions)("with NATS %s", (version) => {
  test(
    "a server that is killed and restarted again and again loses nothing that was accepted, and doubles nothing",
    () =>
      play(version, async ({ server, bus, other, cluster }) => {
        const restarts = 6;
        const run = createAddress(cluster);
        const texts = range(1_500).map((i) => `entry ${i}`);
        const runs = range(150).map(() => createAddress(cluster));
        const finished = new Set<string>();
        const following = followTexts(other.events, run, { count: texts.length });
        const taker = createTaker(other, cluster);
        const taking = (async () => {
          while (finished.size < runs.length) {
            const lease = await taker.take();
            await insist(() => lease.finish());
            finished.add(lease.address.runId);
          }
        })();
        let last = 0;
        const appending = (async () => {
          for (const text of texts) last = await insist(() => append(bus.events, run, { text, after: last }));
        })();
        const placing = (async () => {
          for (const each of runs) await insist(() => bus.requests.place(each, toBytes("go")));
        })();
        for (const i of range(restarts)) {
          // At some moment of the work, another each time.
          const before = last;
          await expect.poll(() => last > before + 20 * i || last === texts.length).toBe(true);
          await server.kill("SIGKILL");
          await server.restart();
        }
        await Promise.all([appending, placing]);
        expect(await following).toEqual(texts);
        expect(await followTexts(bus.events, run, { count: texts.length })).toEqual(texts);
        await taking;
        expect([...finished].sort()).toEqual(runs.map(({ runId }) => runId).sort());
      }),
    60_000,
  );

  test("while there is no server calls leave nothing behind in memory", () =>
    play(version, async ({ server, bus: staged, other }) => {
      const connection = await connectTo(server);
      const bus = createNatsBus({ connection, timeoutMilliseconds: 1 });
      await server.kill("SIGKILL");
      const ask = async () => {
        const asked = range(2_000).map((i) => bus.records.get(`container.key-${i}`).catch(() => undefined));
        await Promise.all(asked);
      };
      const grown = async () => {
        const before = readHeap();
        for (const _ of range(10)) await ask();
        return readHeap() - before;
      };
      // What is compiled and kept once.
      await grown();
      expect(await grown()).toBeLessThan(5);
      await connection.close();
      await server.restart();
      for (const each of [staged, other]) await insist(() => each.records.get("container.key"));
    }));

  test("while there is no server every call is refused within about a second, and works when it is back", () =>
    play(version, async ({ server, bus, cluster }) => {
      const run = createAddress(cluster);
      await bus.records.set("container.key", toBytes("one"), 0);
      const first = await append(bus.events, run, { text: "one", after: 0 });
      await bus.requests.place(run, toBytes("go"));
      const lease = await createTaker(bus, cluster).take();
      await server.kill("SIGKILL");
      const calls = listCalls(bus, run, first);
      const leaseCalls = [() => lease.renew(), () => lease.finish(), () => lease.release(0)];
      for (const outcome of await Promise.all([...calls, ...leaseCalls].map(awaitRefusal))) {
        expect(outcome.error).toBeInstanceOf(BusUnavailable);
        expect(outcome.isLate).toBe(false);
      }
      await server.restart();
      expect(await insist(() => bus.records.get("container.key"))).toMatchObject({ value: toBytes("one") });
      for (const call of calls) await call();
      expect(await followTexts(bus.events, run, { count: 2 })).toEqual(["one", "two"]);
    }));

  test("a server that hangs is treated like one that is away, and what was asked of it then happens once at most", () =>
    play(version, async ({ server, bus, other, cluster }) => {
      const run = createAddress(cluster);
      const following = followTexts(other.events, run, { count: 3 });
      const first = await append(bus.events, run, { text: "one", after: 0 });
      await server.kill("SIGSTOP");
      for (const outcome of await Promise.all(listCalls(bus, run, first).map(awaitRefusal))) {
        expect(outcome.error).toBeInstanceOf(BusUnavailable);
        expect(outcome.isLate).toBe(false);
      }
      await server.kill("SIGCONT");
      // "two" was sent before: it is stored now, by the server's own doing or because it is appended again.
      const second = await insist(() => append(bus.events, run, { text: "two", after: first }));
      await append(bus.events, run, { text: "three", after: second });
      expect(await following).toEqual(["one", "two", "three"]);
      expect(await followTexts(bus.events, run, { count: 3 })).toEqual(["one", "two", "three"]);
    }));

  test("a follower that begins while the server is away gets everything when it is back", () =>
    play(version, async ({ server, bus, other, cluster }) => {
      const run = createAddress(cluster);
      const [, second = 0] = await appendAll(bus.logs, run, ["one", "two"]);
      await server.kill("SIGKILL");
      const following = followTexts(other.logs, run, { count: 3 });
      await server.restart();
      await insist(() => append(bus.logs, run, { text: "three", after: second }));
      expect(await following).toEqual(["one", "two", "three"]);
    }));

  test("whoever waits for requests gets those that come after a restart, soon", () =>
    play(
      version,
      async ({ server, bus, other, cluster }) => {
        const waiting = createTaker(other, cluster).take();
        const run = createAddress(cluster);
        // The pull is on the server, or it would be sent only after the restart.
        await bus.requests.place(createAddress(cluster), toBytes("first"));
        await (await waiting).finish();
        const next = createTaker(other, cluster).take();
        await server.restart();
        await insist(() => bus.requests.place(run, toBytes("go")));
        const start = performance.now();
        expect((await next).address).toEqual(run);
        expect(performance.now() - start).toBeLessThan(6_000);
      },
      30_000,
    ));

  test("a lease outlives a restart of the server", () =>
    play(version, async ({ server, bus, cluster }) => {
      const run = createAddress(cluster);
      await bus.requests.place(run, toBytes("go"));
      const lease = await createTaker(bus, cluster).take();
      await server.restart();
      await insist(() => lease.renew());
      await insist(() => lease.finish());
      const next = createAddress(cluster);
      await bus.requests.place(next, toBytes("next"));
      const taker = createTaker(bus, cluster);
      const first = await taker.take();
      // A server writes what it has delivered a little later: killed before, it forgets that, and with it the end of a
      // lease that it never gave. The request comes once more then, which every agent expects, and is finished for good.
      const again = first.address.runId === run.runId;
      if (again) await first.finish();
      expect(again ? await taker.take() : first).toMatchObject({ address: next, deliveries: 1 });
      expect(await taker.take()).toMatchObject({ address: next, deliveries: 2 });
    }));
});

describe("a broker that isn't as it should be", () => {
  test("without streams every call says what is missing, and provisioning mends it", async () => {
    const server = await startNatsServer();
    const reports: string[] = [];
    const connection = await connectTo(server);
    const bus = createNatsBus({
      connection,
      report: (sentence, cause) => reports.push(`${sentence}: ${String(cause)}`),
    });
    const run = createAddress("local");
    for (const call of listCalls(bus, run, 1)) {
      const { error } = await awaitRefusal(call);
      expect(error).toBeInstanceOf(BusUnavailable);
      expect(String(error)).toMatch(/nothing on the broker answers to .+: is JetStream on, and was it provisioned\?/);
    }
    const taking = createTaker(bus, "local").take();
    const following = followTexts(bus.events, run, { count: 1 });
    await expect.poll(() => reports.join()).toContain("Cannot take requests at the moment: BusUnavailable");
    await provisionCluster(connection, "local", { logBytes: 1_000_000 });
    await bus.requests.place(run, toBytes("go"));
    await append(bus.events, run, { text: "one", after: 0 });
    expect((await taking).address).toEqual(run);
    expect(await following).toEqual(["one"]);
    await bus.close();
    await connection.close();
    await server.close();
  });

  test("a consumer that is removed and made anew is found again", () =>
    play("newest", async ({ server, bus, cluster }) => {
      const admin = await connectTo(server);
      const { consumers } = await jetstreamManager(admin);
      const run = createAddress(cluster);
      const taking = createTaker(bus, cluster).take();
      await bus.records.get("container.key");
      await consumers.delete(`requests-${cluster}`, cluster);
      await bus.requests.place(run, toBytes("go"));
      await provisionCluster(admin, cluster);
      expect((await taking).address).toEqual(run);
      await admin.close();
    }));

  test("a request on a subject that is no run's is removed and reported, and the queue moves on", async () => {
    const server = await startNatsServer();
    const connection = await connectTo(server);
    await provisionCluster(connection, "local");
    const reports: string[] = [];
    const bus = createNatsBus({ connection, report: (sentence) => reports.push(sentence) });
    await connection.request("cd.v1.requests.local.not-a-run", "what is this?");
    const run = createAddress("local");
    await bus.requests.place(run, toBytes("go"));
    expect((await createTaker(bus, "local").take()).address).toEqual(run);
    expect(reports).toEqual(["Removed a request from the queue: cd.v1.requests.local.not-a-run is no run's subject"]);
    const { streams } = await jetstreamManager(connection);
    await expect.poll(async () => (await streams.info("requests-local")).state.messages).toBe(1);
    await bus.close();
    await connection.close();
    await server.close();
  });

  test("a server with a smaller max_payload sets the limit", async () => {
    const server = await startNatsServer({ config: "max_payload: 65536" });
    const connection = await connectTo(server);
    await provisionCluster(connection, "local");
    const bus = createNatsBus({ connection });
    const run = createAddress("local");
    const refusal = await bus.events
      .append(run, new Uint8Array(65_536), { id: "large", after: 0 })
      .catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(MessageTooLarge);
    expect(refusal).toMatchObject({ limit: 64_512, actual: 65_536 });
    const appended = await bus.events.append(run, new Uint8Array(64_512), { id: "x".repeat(100), after: 0 });
    expect(appended.kind).toBe("appended");
    await bus.close();
    await connection.close();
    await server.close();
  });

  test("a connection that is closed underneath ends everything like closing the bus", () =>
    play("newest", async ({ server, cluster }) => {
      const connection = await connectTo(server);
      const bus = createNatsBus({ connection });
      const run = createAddress(cluster);
      const taking = createTaker(bus, cluster).next();
      const following = followTexts(bus.events, run, { count: 1 });
      await bus.records.get("container.key");
      await connection.close();
      expect(await taking).toBeUndefined();
      expect(await following).toEqual([]);
      for (const call of listCalls(bus, run, 0))
        expect((await awaitRefusal(call)).error).toBeInstanceOf(BusUnavailable);
      await bus.close();
    }));

  test("a bus that owns its connection closes it, one that doesn't leaves it", () =>
    play("newest", async ({ server }) => {
      const connection = await connectTo(server);
      await createNatsBus({ connection }).close();
      expect(connection.isClosed()).toBe(false);
      const bus = createNatsBus({ connection, ownsConnection: true });
      await bus.close();
      await bus.close();
      expect(connection.isClosed()).toBe(true);
    }));
});

/** One call of each kind, which all work when the broker does. */
function listCalls(bus: Bus, run: RunAddress, last: number): (() => Promise<unknown>)[] {
  return [
    () => bus.records.get("container.key"),
    () => bus.records.set("container.key", toBytes("x"), 1_000_000),
    () => bus.records.remove("container.key", 1_000_000),
    () => bus.events.append(run, toBytes("two"), { id: "two", after: last }),
    () => bus.events.last(run),
    () => bus.requests.place(run, toBytes("go")),
  ];
}

/** Whether a timer that begins with the call is over first: it is held up by a busy machine as the call's own timers are. */
async function awaitRefusal(call: () => Promise<unknown>): Promise<{ error: unknown; isLate: boolean }> {
  let isLate = false;
  const timer = setTimeout(() => (isLate = true), 1_500);
  const error = await call().then(
    () => undefined,
    (error: unknown) => error,
  );
  clearTimeout(timer);
  return { error, isLate };
}

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** What is really held, MiB. */
function readHeap(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed / 1024 ** 2;
}
