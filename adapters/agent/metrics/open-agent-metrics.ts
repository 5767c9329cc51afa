/** The agent's metrics, all of them. */
import { createAgentMetrics } from "../../../k8s-agent/metrics/agent-metrics.ts";
import { createKubernetesMetrics, type KubernetesMetrics } from "../../../k8s-agent/metrics/kubernetes-metrics.ts";
import type { AgentObserver } from "../../../k8s-agent/main.ts";
import { createBrokerMetrics, type BrokerMetrics } from "../../node/metrics/broker-metrics.ts";
import { answerMetrics, createRegistry, type MetricsSource } from "../../node/metrics/registry.ts";
import { version } from "../../node/version.ts";

export interface AgentMetrics extends MetricsSource {
  readonly agent: AgentObserver;
  readonly broker: BrokerMetrics;
  readonly kubernetes: KubernetesMetrics;
}

export function openAgentMetrics({ capacity }: { capacity: number }): AgentMetrics {
  const registry = createRegistry({ program: "agent", version });
  return {
    agent: createAgentMetrics(registry, { capacity }),
    broker: createBrokerMetrics(registry),
    kubernetes: createKubernetesMetrics(registry),
    fetch: (request) => answerMetrics(request, registry),
  };
}
