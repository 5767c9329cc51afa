import type { MetricsConfig } from "../../node/metrics/config.ts";
import type { StandaloneMetrics } from "./open-metrics.ts";

/** The server's metrics, if they are asked for: the library that counts takes 20 MiB. */
export async function loadMetrics(
  config: MetricsConfig & { readonly CAPACITY: number },
): Promise<StandaloneMetrics | undefined> {
  if (config.METRICS_PORT === undefined) return undefined;
  const { openStandaloneMetrics } = await import("./open-metrics.ts");
  return openStandaloneMetrics({ capacity: config.CAPACITY });
}
