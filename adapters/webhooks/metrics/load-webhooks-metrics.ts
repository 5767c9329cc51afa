import type { MetricsConfig } from "../../node/metrics/config.ts";
import type { WebhooksMetrics } from "./open-webhooks-metrics.ts";

/** The program's metrics, if they are asked for: the library that counts takes 20 MiB. */
export async function loadWebhooksMetrics(
  config: MetricsConfig,
  subscriptions: readonly string[],
): Promise<WebhooksMetrics | undefined> {
  if (config.METRICS_PORT === undefined) return undefined;
  const { openWebhooksMetrics } = await import("./open-webhooks-metrics.ts");
  return openWebhooksMetrics(subscriptions);
}
