/** The front door's metrics, all of them. */
import type { FrontDoorObserver } from "../../../src/app.ts";
import { version } from "../version.ts";
import { createBrokerMetrics, type BrokerMetrics } from "./broker-metrics.ts";
import { createFrontDoorMetrics } from "./front-door-metrics.ts";
import { answerMetrics, createRegistry, type MetricsSource } from "./registry.ts";

export interface FrontDoorMetrics extends MetricsSource {
  readonly frontDoor: FrontDoorObserver;
  readonly broker: BrokerMetrics;
}

export function openFrontDoorMetrics(): FrontDoorMetrics {
  const registry = createRegistry({ program: "front-door", version });
  return {
    frontDoor: createFrontDoorMetrics(registry),
    broker: createBrokerMetrics(registry),
    fetch: (request) => answerMetrics(request, registry),
  };
}
