import { execFile } from "node:child_process";
import { createServer, type AddressInfo } from "node:net";
import { promisify } from "node:util";
import { jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/nats-core";
import { connect } from "@nats-io/transport-node";
import { afterAll, describe, expect, test } from "vitest";
import { natsServerVersions } from "../../scripts/nats-server.ts";
import { createNatsBus } from "../../src/bus/nats/nats-bus.ts";
import { describeProvisioned, provision, provisionCluster, removeCluster } from "../../src/bus/nats/provision.ts";
import { createAddress, createTaker, range, toBytes } from "../bus/stage.ts";
import { connectTo, createClusterName } from "./nats-stage.ts";
import { startNatsServer } from "./server.ts";

const servers = new Map(
  await Promise.all(natsServerVersions.map(async (version) => [version, await startNatsServer({ version })] as const)),
);
const newest = servers.get("newest");
if (newest === undefined) throw new Error("there is no newest server");

afterAll(async () => {
  for (const server of servers.values()) await server.close();
});

async function withConnection(url: string, act: (connection: NatsConnection) => Promise<void>): Promise<void> {
  const connection = await connect({ servers: url });
  try {
    await act(connection);
  } finally {
    await connection.close();
  }
}

describe.each([...servers])("provisioning NATS %s", (_, server) => {
  test("makes everything once, and then changes nothing", () =>
    withConnection(server.url, async (connection) => {
      const cluster = createClusterName();
      const outcomes = async () => {
        const results = [...(await provision(connection)), ...(await provisionCluster(connection, cluster))];
        return results.map(({ kind }) => kind);
      };
      expect(new Set((await outcomes()).slice(2))).toEqual(new Set(["created"]));
      expect(new Set(await outcomes())).toEqual(new Set(["unchanged"]));
    }));

  test("changes what is chosen anew, says so, and leaves alone what was chosen before", () =>
    withConnection(server.url, async (connection) => {
      const cluster = createClusterName();
      await provisionCluster(connection, cluster, { logBytes: 1_000_000, capacity: 3, ackWaitSeconds: 5 });
      const changed = await provisionCluster(connection, cluster, { logBytes: 2_000_000, ackWaitSeconds: 7.5 });
      expect(changed.filter(({ kind }) => kind !== "unchanged").map(describeProvisioned)).toEqual([
        `stream logs-${cluster}: updated, max_bytes 1000000 -> 2000000`,
        `consumer ${cluster} of requests-${cluster}: updated, ack_wait 5000000000 -> 7500000000`,
      ]);
      await provisionCluster(connection, cluster);
      const manager = await jetstreamManager(connection);
      expect((await manager.streams.info(`logs-${cluster}`)).config).toMatchObject({ max_bytes: 2_000_000 });
      const { config } = await manager.consumers.info(`requests-${cluster}`, cluster);
      expect(config).toMatchObject({ ack_wait: 7_500_000_000, max_ack_pending: 3, max_deliver: -1 });
    }));

  test("repairs what was changed by hand", () =>
    withConnection(server.url, async (connection) => {
      const cluster = createClusterName();
      await provisionCluster(connection, cluster);
      const manager = await jetstreamManager(connection);
      await manager.streams.update(`events-${cluster}`, { discard: "new" });
      const changed = await provisionCluster(connection, cluster);
      expect(changed.filter(({ kind }) => kind !== "unchanged").map(describeProvisioned)).toEqual([
        `stream events-${cluster}: updated, discard "new" -> "old"`,
      ]);
    }));

  test("bounds announcements where a stream was made without", () =>
    withConnection(server.url, async (connection) => {
      const cluster = createClusterName();
      await provisionCluster(connection, cluster);
      const manager = await jetstreamManager(connection);
      await manager.streams.update(`agents-${cluster}`, { max_msgs: -1, max_msg_size: -1 });
      const changed = await provisionCluster(connection, cluster);
      expect(changed.filter(({ kind }) => kind !== "unchanged").map(describeProvisioned)).toEqual([
        `stream agents-${cluster}: updated, max_msgs -1 -> 1000, max_msg_size -1 -> 4096`,
      ]);
    }));

  test("says what NATS can't change", () =>
    withConnection(server.url, async (connection) => {
      const cluster = createClusterName();
      await provisionCluster(connection, cluster);
      const refused = await provisionCluster(connection, cluster, { storage: "memory" });
      const texts = refused.filter(({ kind }) => kind === "refused").map(describeProvisioned);
      expect(texts).toHaveLength(5);
      expect(texts[0]).toMatch(
        new RegExp(`^stream requests-${cluster}: refused, storage "file" -> "memory": .*storage`),
      );
    }));

  test("fails with the broker's reason where there is no room", () =>
    withConnection(server.url, async (connection) => {
      const cluster = createClusterName();
      await expect(provisionCluster(connection, cluster, { logBytes: 2 ** 50 })).rejects.toThrow(
        `Cannot create stream logs-${cluster}: insufficient storage resources available`,
      );
      await removeCluster(connection, cluster);
    }));

  test("removing a cluster removes its streams; twice is fine", () =>
    withConnection(server.url, async (connection) => {
      const cluster = createClusterName();
      await provisionCluster(connection, cluster);
      const { streams } = await jetstreamManager(connection);
      const count = async () => (await streams.names(`cd.v1.*.${cluster}.*`).next()).length;
      expect(await count()).toBe(5);
      await provision(connection);
      const outboxes = createNatsBus({ connection, bucket: "webhooks" }).records;
      const keys = [`team.${cluster}`, `team.${cluster}.parked`, "team.other", "team.other.parked"];
      for (const key of keys) {
        const { revision = 0 } = (await outboxes.get(key)) ?? {};
        await outboxes.set(key, toBytes(key), revision);
      }
      expect(await removeCluster(connection, cluster)).toHaveLength(5);
      expect(await removeCluster(connection, cluster)).toEqual([]);
      expect(await count()).toBe(0);
      // Streams of the same name count from 1 again: what was seen of the old ones says nothing of them.
      const left = await Promise.all(keys.map(async (key) => (await outboxes.get(key)) !== undefined));
      expect(left).toEqual([false, false, true, true]);
    }));

  test("a cluster's capacity bounds what all its replicas together hold", () =>
    withConnection(server.url, async (connection) => {
      const cluster = createClusterName();
      await provisionCluster(connection, cluster, { capacity: 2 });
      const other = await connectTo(server);
      const [bus, otherBus] = [createNatsBus({ connection }), createNatsBus({ connection: other })];
      for (const run of range(3).map(() => createAddress(cluster))) await bus.requests.place(run, toBytes("go"));
      const held = [await createTaker(bus, cluster).take(), await createTaker(otherBus, cluster).take()];
      const third = createTaker(otherBus, cluster);
      const order: string[] = [];
      const taking = third.take().then(() => order.push("taken"));
      // Long enough for a delivery that is not held back: a round trip to the broker, and another cluster's request.
      await bus.requests.place(createAddress(cluster), toBytes("go"));
      await connection.flush();
      await held[0]?.renew();
      order.push("finished");
      await held[0]?.finish();
      await taking;
      expect(order).toEqual(["finished", "taken"]);
      await otherBus.close();
      await other.close();
    }));
});

describe("a broker that can't be used", () => {
  test("is refused when it is older than 2.9, with both versions", async () => {
    const server = await startOldServer("2.8.4");
    await withConnection(server.url, async (connection) => {
      const text = "Cannot use nats-server 2.8.4: 2.9 or newer is needed";
      expect(() => createNatsBus({ connection })).toThrow(text);
      await expect(provision(connection)).rejects.toThrow(text);
      await expect(provisionCluster(connection, "local")).rejects.toThrow(text);
    });
    server.close();
  });

  test("is refused for replicas before 2.10, whose replicated streams take several of those who exclude each other", async () => {
    const server = servers.get("2.9");
    await withConnection(server?.url ?? "", async (connection) => {
      const text = /^Cannot use 3 replicas on nats-server 2\.9\.\d+: .* 2\.10 is needed$/;
      await expect(provision(connection, { replicas: 3 })).rejects.toThrow(text);
      await expect(provisionCluster(connection, "local", { replicas: 3 })).rejects.toThrow(text);
    });
  });

  test("is refused when it has no JetStream", async () => {
    const server = await startNatsServer({ config: "accounts { PLAIN { users: [{ user: a, password: a }] } }" });
    const connection = await connect({ servers: server.url, user: "a", pass: "a" });
    await expect(provision(connection)).rejects.toThrow(
      "Cannot provision the broker: JetStream does not answer. Is it on for this account, and may these credentials",
    );
    await connection.close();
    await server.close();
  });
});

describe("npm run provision", () => {
  const run = (environment: Record<string, string>, ...options: string[]) =>
    promisify(execFile)(process.execPath, ["scripts/provision.ts", ...options], {
      env: { ...process.env, NATS_CREDENTIALS: "", ...environment },
    }).then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({ code, stdout, stderr }),
    );

  test("makes clusters and says what has changed", async () => {
    const [one, two] = [createClusterName(), createClusterName()];
    const environment = { NATS_URL: newest.url };
    const first = await run(environment, "--cluster", one, "--cluster", two, "--log-bytes", "10MiB", "--capacity", "7");
    expect(first).toMatchObject({ code: 0, stderr: "" });
    expect(first.stdout).toContain(`stream events-${one}: created\n`);
    expect(first.stdout).toContain(`consumer ${two} of requests-${two}: created\n`);
    const second = await run({ ...environment, CLUSTER: two }, "--log-bytes", "20MiB");
    expect(second.stdout.split("\n")).toEqual([
      "stream KV_resources: unchanged",
      "stream KV_webhooks: unchanged",
      `stream requests-${two}: unchanged`,
      `stream events-${two}: unchanged`,
      `stream logs-${two}: updated, max_bytes 10485760 -> 20971520`,
      `stream controls-${two}: unchanged`,
      `stream agents-${two}: unchanged`,
      `consumer ${two} of requests-${two}: unchanged`,
      "",
    ]);
    const third = await run(environment, "--cluster", two, "--storage", "memory");
    expect(third.code).toBe(1);
    expect(third.stdout).toContain(`stream logs-${two}: refused`);
  });

  test.each([
    { options: ["--replicas", "2"], text: "Cannot use --replicas 2: must be 1, 3 or 5" },
    { options: ["--storage", "tape"], text: "Cannot use --storage tape: must be file or memory" },
    { options: ["--log-bytes", "lots"], text: "Cannot use --log-bytes lots: must be a size such as 500MiB or 10GiB" },
    { options: ["--capacity", "0"], text: "Cannot use --capacity 0: must be a whole number above 0" },
    { options: ["--cluster", "a.b"], text: 'Cannot use "a.b" as a cluster\'s name' },
    { options: ["--reset"], text: "Unknown option '--reset'" },
  ])("refuses $options before it connects", async ({ options, text }) => {
    const outcome = await run({ NATS_URL: "nats://127.0.0.1:1" }, ...options);
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain(text);
  });

  test("says that there is no broker", async () => {
    const outcome = await run({ NATS_URL: "nats://127.0.0.1:1" });
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain("Cannot reach the broker at nats://127.0.0.1:1");
  });

  test("explains its options, and whose setting fsync is", async () => {
    const { code, stdout } = await run({}, "--help");
    expect(code).toBe(0);
    expect(stdout).toContain("sync_interval");
  });
});

/** Speaks just enough of the protocol to be an old server: no package of one is to be had. */
async function startOldServer(version: string): Promise<{ url: string; close(): void }> {
  const info = { server_id: "old", version, proto: 1, max_payload: 1_048_576, headers: true };
  const server = createServer((socket) => {
    socket.write(`INFO ${JSON.stringify(info)}\r\n`);
    socket.on("data", (data) => data.includes("PING") && socket.write("PONG\r\n"));
    socket.on("error", () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `nats://127.0.0.1:${port}`, close: () => server.close() };
}
