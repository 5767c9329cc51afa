/** The front door on Node, over NATS. */
import { resolve } from "node:path";
import { readNodeConfig, type NodeConfig } from "./config.ts";
import { openFrontDoor } from "./front-door.ts";
import { createLogger } from "./logger.ts";
import { loadMetrics } from "./metrics/load-metrics.ts";
import { serveMetrics } from "./metrics/serve-metrics.ts";
import { loadTracing } from "./tracing/load-tracing.ts";
import { runProgram, type Program } from "./run.ts";
import { serveApp } from "./serve.ts";

await runProgram(await readNodeConfig(process.env, resolve(".local")), start);

async function start(config: NodeConfig): Promise<Program> {
  const logger = createLogger(config.LOG_LEVEL);
  const metrics = await loadMetrics(config);
  const metricsServed = await serveMetrics(metrics, { config, logger });
  const tracing = await loadTracing(config, { program: "front-door", logger });
  const { app, bus } = await openFrontDoor(config, logger, { metrics, tracer: tracing.tracer });
  const served = await serveApp(app, { host: config.HOST, port: config.PORT });
  console.log(
    `Container Driver's front door listens on ${served.url} (API: ${served.url}/docs/spec.json); Ctrl-C stops it`,
  );
  return {
    failed: new Promise(() => {}),
    async stop() {
      await served.close();
      await bus.close();
      await Promise.all([metricsServed.close(), tracing.close()]);
    },
  };
}
