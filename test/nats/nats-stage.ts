/** The bus suite's stage on a real server: two connections, clusters of its own. */
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

export async function openNatsStage(server: NatsServer, options: StageOptions = {}): Promise<Stage> {
  const [connection, otherConnection] = await Promise.all([connectTo(server), connectTo(server)]);
  const { leaseMilliseconds = 30_000, logBytes = 16 * 1024 ** 2 } = options;
  await provision(connection);
  const [cluster, otherCluster] = [createClusterName(), createClusterName()];
  for (const name of [cluster, otherCluster])
    await provisionCluster(connection, name, {
      ackWaitSeconds: leaseMilliseconds / 1000,
      logBytes,
    });
  const bus = createNatsBus({ connection });
  const other = createNatsBus({ connection: otherConnection });
  return {
    bus,
    other,
    cluster,
    otherCluster,
    async close() {
      await Promise.all([bus.close(), other.close()]);
      for (const name of [cluster, otherCluster]) await removeCluster(connection, name);
      await Promise.all([connection.close(), otherConnection.close()]);
    },
  };
}
