import type { MetricsConfig } from "../../node/metrics/config.ts";
import type { AgentMetrics } from "./open-agent-metrics.ts";

/** An agent's metrics, if they are asked for: the library that counts takes 20 MiB. */
export async function loadAgentMetrics(
  config: MetricsConfig & { readonly CAPACITY: number },
): Promise<AgentMetrics | undefined> {
  if (config.METRICS_PORT === undefined) return undefined;
  const { openAgentMetrics } = await import("./open-agent-metrics.ts");
  return openAgentMetrics({ capacity: config.CAPACITY });
}
