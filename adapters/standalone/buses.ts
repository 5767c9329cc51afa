/** The bus in memory for front door and agent together, or to each its own over NATS, as if they were two programs. */
import { createMemoryBus } from "../../src/bus/memory/memory-bus.ts";
import type { Bus } from "../../src/bus/port.ts";
import type { Logger } from "../../src/log.ts";
import { openAgentBus } from "../agent/agent-bus.ts";
import { fillInAgent } from "../agent/config.ts";
import { createFrontDoorBus } from "../node/front-door.ts";
import type { BrokerMetrics } from "../node/metrics/broker-metrics.ts";
import { provisionBroker } from "../node/provision-broker.ts";
import type { StandaloneConfig } from "./config.ts";

export interface Buses {
  readonly kind: "memory" | "nats";
  readonly frontDoor: Bus;
  /** Resolves when there is a broker. */
  openForAgent(signal: AbortSignal): Promise<Bus>;
}

export interface BusesOptions {
  /** The agent's name. */
  readonly name: string;
  readonly logger: Logger;
  readonly localDirectory: string;
  readonly metrics?: BrokerMetrics | undefined;
}

export function createBuses(config: StandaloneConfig, options: BusesOptions): Buses {
  const { NATS_URL: url } = config;
  if (url !== undefined) return createNatsBuses({ ...config, NATS_URL: url }, options);
  const bus = createMemoryBus();
  return { kind: "memory", frontDoor: bus, openForAgent: () => Promise.resolve(bus) };
}

function createNatsBuses(
  config: StandaloneConfig & { NATS_URL: string },
  { name, logger, localDirectory, metrics }: BusesOptions,
): Buses {
  const { NATS_URL, CLUSTER } = config;
  return {
    kind: "nats",
    frontDoor: createFrontDoorBus(config, logger, { metrics }),
    async openForAgent(signal) {
      await provisionBroker({ url: NATS_URL, clusters: [CLUSTER], localDirectory, logger, signal });
      // Where accounts keep clusters apart, the agent has credentials of its own.
      const own = await fillInAgent({ NATS_URL, CLUSTER }, localDirectory);
      return openAgentBus({ ...config, ...own, NATS_URL }, { name, logger, signal, metrics });
    },
  };
}
