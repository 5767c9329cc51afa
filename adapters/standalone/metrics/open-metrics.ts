/** The metrics of front door and agent together, as one process has them. */
import { createAgentMetrics } from "../../../k8s-agent/metrics/agent-metrics.ts";
import { createKubernetesMetrics } from "../../../k8s-agent/metrics/kubernetes-metrics.ts";
import type { AgentMetrics } from "../../agent/metrics/open-agent-metrics.ts";
import { createBrokerMetrics } from "../../node/metrics/broker-metrics.ts";
import { createFrontDoorMetrics } from "../../node/metrics/front-door-metrics.ts";
import type { FrontDoorMetrics } from "../../node/metrics/open-metrics.ts";
import { answerMetrics, createRegistry } from "../../node/metrics/registry.ts";
import { version } from "../../node/version.ts";

export interface StandaloneMetrics extends FrontDoorMetrics, AgentMetrics {}

export function openStandaloneMetrics({ capacity }: { capacity: number }): StandaloneMetrics {
  const registry = createRegistry({ program: "standalone", version });
  return {
    frontDoor: createFrontDoorMetrics(registry),
    agent: createAgentMetrics(registry, { capacity }),
    // Of both connections, and without a broker of none.
    broker: createBrokerMetrics(registry),
    kubernetes: createKubernetesMetrics(registry),
    fetch: (request) => answerMetrics(request, registry),
  };
}
