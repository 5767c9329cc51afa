/** The bus suite's stage on a real server: two connections, and two clusters. */
import { randomBytes } from "node:crypto";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { createNatsBus } from "../../src/bus/nats/nats-bus.ts";
import { provision, provisionCluster, removeCluster } from "../../src/bus/nats/provision.ts";
import type { Stage, StageOptions } from "../bus/stage.ts";
import type { NatsServer } from "./server.ts";

/** A connection as our programs open them. */
export function connectTo(server: NatsServer): Promise<NatsConnection> {
  return connect({ servers: server.url, reconnectTimeWait: 250, maxReconnectAttempts: -1 });
}

export function createClusterName(): string {
  return `c-${randomBytes(6).toString("hex")}`;
}

export interface NatsStageOptions extends StageOptions {
  /** Default: so long that a busy machine is not taken for a broker that is away. */
  readonly timeoutMilliseconds?: number;
}

export async function openNatsStage(server: NatsServer, options: NatsStageOptions = {}): Promise<Stage> {
  const { timeoutMilliseconds = 10_000 } = options;
  const [connection, otherConnection] = await Promise.all([connectTo(server), connectTo(server)]);
  const clusters = options.ownClusters === true ? await makeClusters(server, options) : await shareClusters(server);
  const bus = createNatsBus({ connection, timeoutMilliseconds });
  const other = createNatsBus({ connection: otherConnection, timeoutMilliseconds });
  return {
    bus,
    other,
    ...clusters,
    async close() {
      await Promise.all([bus.close(), other.close()]);
      if (options.ownClusters === true)
        for (const name of Object.values(clusters)) await removeCluster(connection, name);
      await Promise.all([connection.close(), otherConnection.close()]);
    },
  };
}

type Clusters = Pick<Stage, "cluster" | "otherCluster">;

const shared = new Map<NatsServer, Promise<Clusters>>();

/** Clusters for tests that don't mind each other's runs. */
function shareClusters(server: NatsServer): Promise<Clusters> {
  const clusters = shared.get(server) ?? makeClusters(server, {});
  shared.set(server, clusters);
  return clusters;
}

async function makeClusters(
  server: NatsServer,
  { leaseMilliseconds = 30_000, logBytes = 16 * 1024 ** 2 }: StageOptions,
): Promise<Clusters> {
  const connection = await connectTo(server);
  await provision(connection);
  const [cluster, otherCluster] = [createClusterName(), createClusterName()];
  for (const name of [cluster, otherCluster])
    await provisionCluster(connection, name, { ackWaitSeconds: leaseMilliseconds / 1000, logBytes });
  await connection.close();
  return { cluster, otherCluster };
}
