/** The bus of an agent: over a connection that is made before anything else, and waited for. */
import { openNatsBus } from "../../src/bus/nats/open-nats-bus.ts";
import type { Bus } from "../../src/bus/port.ts";
import type { Logger } from "../../src/log.ts";
import type { BrokerMetrics } from "../node/metrics/broker-metrics.ts";
import { connectNats } from "../node/nats-connection.ts";
import { pingNats } from "../node/ping-nats.ts";
import type { AgentConfig } from "./config.ts";

export interface AgentBus extends Bus {
  /** Resolves when the broker has answered; rejects where it doesn't within two seconds. */
  ping(): Promise<void>;
}

export interface AgentBusOptions {
  /** What the broker calls us. */
  readonly name: string;
  readonly logger: Logger;
  /** Gives up waiting for the broker. */
  readonly signal?: AbortSignal;
  readonly metrics?: BrokerMetrics | undefined;
}

/** Resolves when there is a broker. Rejects where it is too old. */
export async function openAgentBus(
  config: Pick<AgentConfig, "NATS_URL" | "NATS_CREDENTIALS" | "NATS_API_PREFIX">,
  { name, logger, signal, metrics }: AgentBusOptions,
): Promise<AgentBus> {
  const { NATS_URL: url, NATS_CREDENTIALS: credentialsFile, NATS_API_PREFIX: apiPrefix } = config;
  const connection = await connectNats({ url, credentialsFile, name, logger, ...(signal && { signal }) });
  metrics?.watchConnection(connection);
  const { bus } = await openNatsBus(connection, { logger, apiPrefix });
  return { ...(metrics?.measure(bus) ?? bus), ping: () => pingNats(connection) };
}
