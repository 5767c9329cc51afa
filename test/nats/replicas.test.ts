/** A broker of three servers with three replicas of each stream: who excludes whom, and the loss of a server. */
import { setTimeout as wait } from "node:timers/promises";
import { jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/nats-core";
import { connect } from "@nats-io/transport-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createNatsBus } from "../../src/bus/nats/nats-bus.ts";
import { provision, provisionCluster } from "../../src/bus/nats/provision.ts";
import { BusUnavailable, type Bus } from "../../src/bus/port.ts";
import { append, createAddress, createTaker, followTexts, range, toBytes } from "../bus/stage.ts";
import { startNatsCluster } from "./nats-cluster.ts";

const servers = await startNatsCluster("newest");
const urls = [...servers.values()].map(({ url }) => url);
let connections: NatsConnection[] = [];
let buses: Bus[] = [];

beforeAll(async () => {
  // Each begins at another server, and may go on at any.
  const options = { reconnectTimeWait: 100, maxReconnectAttempts: -1, noRandomize: true };
  const rotated = urls.map((_, i) => [...urls.slice(i), ...urls.slice(0, i)]);
  connections = await Promise.all(rotated.map((servers) => connect({ ...options, servers })));
  const [first] = connections;
  if (first === undefined) throw new Error("no connection");
  // There is no leader at first.
  const always = () => true;
  const choices = { replicas: 3, ackWaitSeconds: 2, logBytes: 1_000_000 };
  await insist(() => provision(first, { replicas: 3 }), always);
  await insist(() => provisionCluster(first, "local", choices), always);
  buses = connections.map((connection) => createNatsBus({ connection }));
});

afterAll(async () => {
  for (const connection of connections) await connection.close();
  for (const server of servers.values()) await server.close();
});

const at = (i: number): Bus => buses[i % buses.length] ?? expect.unreachable();

test("of 300 who claim a record at once, at three servers, exactly one gets it", async () => {
  let expected = 0;
  for (const round of range(5)) {
    const claims = range(300).map((i) => at(i).records.set("container.key", toBytes(`${round} ${i}`), expected));
    const winners = (await Promise.all(claims)).filter((written) => written.kind === "written");
    expect(winners).toHaveLength(1);
    expected = winners[0]?.revision ?? 0;
  }
});

test("of 300 who append behind the same entry, at three servers, exactly one is taken", async () => {
  const run = createAddress("local");
  let after = 0;
  for (const round of range(5)) {
    const claims = range(300).map((i) => at(i).events.append(run, toBytes("x"), { id: `${round} ${i}`, after }));
    const winners = (await Promise.all(claims)).filter((appended) => appended.kind === "appended");
    expect(winners).toHaveLength(1);
    after = winners[0]?.sequence ?? 0;
  }
});

test("the leader of the streams is killed: nothing that was accepted is lost, nothing is doubled", async () => {
  const run = createAddress("local");
  const texts = range(600).map((i) => `entry ${i}`);
  const runs = range(60).map(() => createAddress("local"));
  const following = range(3).map((i) => followTexts(at(i).events, run, { count: texts.length }));
  const finished = new Set<string>();
  const taker = createTaker(at(1), "local");
  const taking = (async () => {
    while (finished.size < runs.length) {
      const lease = await taker.take();
      await insist(() => lease.finish());
      finished.add(lease.address.runId);
    }
  })();
  let last = 0;
  const appending = (async () => {
    for (const text of texts) last = await insist(() => append(at(0).events, run, { text, after: last }));
  })();
  const placing = (async () => {
    for (const each of runs) await insist(() => at(2).requests.place(each, toBytes("go")));
  })();
  await expect.poll(() => last).toBeGreaterThan(50);
  const leader = await findLeader();
  await leader.kill("SIGKILL");
  await Promise.all([appending, placing, taking]);
  await leader.restart();
  for (const read of following) expect(await read).toEqual(texts);
  expect([...finished].sort()).toEqual(runs.map(({ runId }) => runId).sort());
}, 90_000);

async function findLeader() {
  const [connection] = connections;
  if (connection === undefined) throw new Error("no connection");
  const { cluster } = await (await jetstreamManager(connection)).streams.info("events-local");
  return servers.get(cluster?.leader ?? "") ?? expect.unreachable(`there is no server ${cluster?.leader}`);
}

/** Does it until the broker answers. */
async function insist<T>(act: () => Promise<T>, isTransient: (error: unknown) => boolean = isUnavailable): Promise<T> {
  const end = performance.now() + 30_000;
  for (;;) {
    try {
      return await act();
    } catch (error) {
      if (!isTransient(error) || performance.now() > end) throw error;
      await wait(50);
    }
  }
}

function isUnavailable(error: unknown): boolean {
  return error instanceof BusUnavailable;
}
