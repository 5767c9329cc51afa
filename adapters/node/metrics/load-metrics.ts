import type { MetricsConfig } from "./config.ts";
import type { FrontDoorMetrics } from "./open-metrics.ts";

/** A front door's metrics, if they are asked for: the library that counts takes 20 MiB. */
export async function loadMetrics({ METRICS_PORT: port }: MetricsConfig): Promise<FrontDoorMetrics | undefined> {
  if (port === undefined) return undefined;
  const { openFrontDoorMetrics } = await import("./open-metrics.ts");
  return openFrontDoorMetrics();
}
