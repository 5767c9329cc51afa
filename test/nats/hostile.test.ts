/** What a broker can be made to answer, or was before it had bounds. The rest is in test/permissions/hostile.test.ts. */
import { jetstreamManager } from "@nats-io/jetstream";
import { headers, type NatsConnection } from "@nats-io/nats-core";
import { afterAll, describe, expect, onTestFinished, test } from "vitest";
import { natsServerVersions } from "../../scripts/nats-server.ts";
import { toSubject } from "../../src/bus/address.ts";
import { createLink } from "../../src/bus/nats/link.ts";
import { createFeeds } from "../../src/bus/nats/live-feed.ts";
import { createNatsBus } from "../../src/bus/nats/nats-bus.ts";
import { provisionCluster } from "../../src/bus/nats/provision.ts";
import { BusUnavailable, type Bus } from "../../src/bus/port.ts";
import { buildStreamName } from "../../src/contract/streams.ts";
import { buildLiveSubject } from "../../src/contract/subjects.ts";
import { append, createAddress, createTaker, range, toBytes, toText } from "../bus/stage.ts";
import { settleWithin, waitUntil } from "../support/wait-until.ts";
import { hostileMessages, storeHostile } from "./hostile-message.ts";
import { connectTo, createClusterName } from "./nats-stage.ts";
import { startNatsServer } from "./server.ts";

const servers = await Promise.all(
  natsServerVersions.map(async (version) => [version, await startNatsServer({ version })] as const),
);

afterAll(async () => {
  for (const [, server] of servers) await server.close();
});

describe.each(servers)("with NATS %s", (_, server) => {
  /** A connection, the bus over it, and a cluster's name. */
  async function open(): Promise<{ connection: NatsConnection; bus: Bus; cluster: string }> {
    const connection = await connectTo(server);
    const bus = createNatsBus({ connection, ownsConnection: true });
    onTestFinished(() => bus.close());
    return { connection, bus, cluster: createClusterName() };
  }

  test("who is answered with what he has read already gives up, and doesn't read it for ever", async () => {
    const { connection, bus, cluster } = await open();
    const all = headers();
    all.set("Nats-Sequence", "1");
    for (const channel of ["events", "agents"] as const)
      connection.subscribe(`$JS.API.DIRECT.GET.${buildStreamName(channel, cluster)}`, {
        callback: (_, message) => void message.respond("{}", { headers: all }),
      });
    for (const reading of [bus.events.read(createAddress(cluster)), bus.agents.list(cluster)])
      await expect(reading).rejects.toThrow(BusUnavailable);
  });

  test("what another cluster's subject has brought into a stream is none of its history", async () => {
    const { connection, bus, cluster } = await open();
    await provisionCluster(connection, cluster);
    const other = createAddress(createClusterName());
    const manager = await jetstreamManager(connection);
    const subjects = [`cd.v1.events.${cluster}.*`, toSubject("events", other)];
    await manager.streams.update(buildStreamName("events", cluster), { subjects });
    const run = createAddress(cluster);
    await connection.request(toSubject("events", other), "made up");
    const sequence = await append(bus.events, run, { text: "true", after: 0 });
    const { entries } = await bus.events.page(cluster, { count: 10 });
    expect(entries).toMatchObject([{ address: run, sequence }]);
    for await (const entry of bus.events.followAll(cluster, { after: 0, signal: AbortSignal.timeout(20_000) })) {
      expect(entry).toMatchObject({ address: run, sequence });
      break;
    }
  });

  test("how much was read counts headers, and what isn't of the history at all", async () => {
    const { connection, bus, cluster } = await open();
    await provisionCluster(connection, cluster);
    const run = createAddress(cluster);
    const head = `NATS/1.0\r\nA: ${"a".repeat(60_000)}\r\n\r\n`;
    for (const _ of range(3)) await storeHostile(connection, toSubject("events", run), { head, body: "" });
    expect((await bus.events.page(cluster, { count: 10 })).bytes).toBeGreaterThan(3 * 60_000);
    expect((await bus.events.last(run))?.bytes).toBeGreaterThan(60_000);
  });

  test("of announcements that no stream has bounded, so many are taken, and none that is too large", async () => {
    const { connection, bus, cluster } = await open();
    const manager = await jetstreamManager(connection);
    await manager.streams.add({
      name: buildStreamName("agents", cluster),
      subjects: [`cd.v1.agents.${cluster}.*`],
      max_msgs_per_subject: 1,
      allow_direct: true,
    });
    const announce = (agent: string, text: string) => connection.request(`cd.v1.agents.${cluster}.${agent}`, text);
    await announce("first", "x".repeat(5_000));
    await announce("second", "small");
    expect((await bus.agents.list(cluster)).map(toText)).toEqual(["small"]);
    await Promise.all(range(1_100).map((i) => announce(`a-${i}`, "small")));
    expect((await bus.agents.list(cluster)).length).toBeGreaterThan(990);
    expect((await bus.agents.list(cluster)).length).toBeLessThanOrEqual(1_000);
  });

  test("a request is taken, whatever stands in its headers", async () => {
    const { connection, bus, cluster } = await open();
    await provisionCluster(connection, cluster);
    const taker = createTaker(bus, cluster);
    for (const message of hostileMessages) {
      const run = createAddress(cluster);
      await storeHostile(connection, toSubject("requests", run), message);
      const lease = await settleWithin(`${message.does} is taken`, taker.take(), 20);
      expect([lease.address, toText(lease.data)], message.does).toEqual([run, message.body ?? "{}"]);
      await lease.finish();
    }
    taker.stop();
  });

  test("an error of one who follows is reported, and nobody else's reading ends with it", async () => {
    const { connection, bus, cluster } = await open();
    await provisionCluster(connection, cluster);
    const reported: unknown[] = [];
    const report = (_: string, cause: unknown) => void reported.push(cause);
    const options = { timeoutMilliseconds: 5_000, apiPrefix: "$JS.API", inboxPrefix: "_INBOX", report };
    const run = createAddress(cluster);
    const place = { stream: buildStreamName("events", cluster), subject: toSubject("events", run) };
    const feed = createFeeds(createLink({ connection, ...options }))({
      ...place,
      liveSubject: buildLiveSubject("events", run),
    });
    const failure = new Error("a mistake of ours");
    const listener = {
      hear: () => {
        throw failure;
      },
      miss: () => undefined,
      waitsBehind: undefined,
    };
    feed.listen(listener);
    await connection.flush();
    await bus.events.append(run, toBytes("one"), { id: "one", after: 0 });
    await waitUntil("it is reported", () => reported.includes(failure));
    expect(await bus.events.last(run)).toMatchObject({ data: toBytes("one") });
    feed.leave(listener);
  });
});
