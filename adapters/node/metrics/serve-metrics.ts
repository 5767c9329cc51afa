import type { Logger } from "../../../src/log.ts";
import { serveApp, type Served } from "../serve.ts";
import type { MetricsConfig } from "./config.ts";
import type { MetricsSource } from "./registry.ts";

/** Resolves when it listens, at once where no metrics are asked for; rejects where the port is taken. */
export async function serveMetrics(
  source: MetricsSource | undefined,
  { config, logger }: { config: MetricsConfig; logger: Logger },
): Promise<Pick<Served, "close">> {
  const { METRICS_HOST: host, METRICS_PORT: port } = config;
  if (source === undefined || port === undefined) return { close: () => Promise.resolve() };
  const served = await serveApp(source, { host, port });
  logger.info({ url: `${served.url}/metrics` }, "Metrics are served");
  return served;
}
