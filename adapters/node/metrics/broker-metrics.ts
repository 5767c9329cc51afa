/** How the broker does, as this program sees it: its connections, and what it asks. */
import type { NatsConnection } from "@nats-io/nats-core";
import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { Bus } from "../../../src/bus/port.ts";
import { measureBus } from "./measure-bus.ts";

export interface BrokerMetrics {
  /** Watches a connection until it is closed. */
  watchConnection(connection: NatsConnection): void;
  /** The same bus, each call to it measured. */
  measure(bus: Bus): Bus;
}

const callBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export function createBrokerMetrics(registry: Registry): BrokerMetrics {
  const registers = [registry];
  const calls = new Histogram({
    name: "container_driver_broker_call_duration_seconds",
    help: "Calls to the broker that it answered.",
    labelNames: ["operation"],
    buckets: callBuckets,
    registers,
  });
  const errors = new Counter({
    name: "container_driver_broker_errors_total",
    help: "Calls to the broker that failed: it was away or silent, the message was too large, or another reason.",
    labelNames: ["operation", "reason"],
    registers,
  });
  return {
    watchConnection: createConnectionWatch(registry),
    measure: (bus) =>
      measureBus(bus, {
        answered: (operation, seconds) => calls.observe({ operation }, seconds),
        failed: (operation, reason) => errors.inc({ operation, reason }),
      }),
  };
}

function createConnectionWatch(registry: Registry): BrokerMetrics["watchConnection"] {
  const registers = [registry];
  const connections = new Gauge({
    name: "container_driver_broker_connections",
    help: "Connections to the broker: up, or down and being made anew. A front door makes its own at the first request.",
    labelNames: ["state"],
    registers,
  });
  for (const state of ["up", "down"]) connections.set({ state }, 0);
  const trouble = new Counter({
    name: "container_driver_broker_connection_events_total",
    help: "What befell connections to the broker.",
    labelNames: ["event"],
    registers,
  });
  for (const event of Object.values(events)) trouble.inc({ event }, 0);

  async function follow(connection: NatsConnection): Promise<void> {
    let state = "up";
    connections.inc({ state });
    const turn = (next: string) => {
      connections.dec({ state });
      connections.inc({ state: (state = next) });
    };
    for await (const { type } of connection.status()) {
      const event = type in events ? events[type as keyof typeof events] : undefined;
      if (event !== undefined) trouble.inc({ event });
      if (type === "disconnect" && state === "up") turn("down");
      if (type === "reconnect" && state === "down") turn("up");
      if (type === "close") break;
    }
    connections.dec({ state });
  }

  return (connection) => void follow(connection);
}

/** The client's words for what is counted, and ours. */
const events = {
  disconnect: "disconnected",
  reconnect: "reconnected",
  error: "refused",
  staleConnection: "silent",
  slowConsumer: "slow_consumer",
} as const;
