/** `npm start`: the standalone server until it is interrupted. */
import { resolve } from "node:path";
import { createLogger } from "../node/logger.ts";
import { serveMetrics } from "../node/metrics/serve-metrics.ts";
import { loadTracing } from "../node/tracing/load-tracing.ts";
import { runProgram, type Program } from "../node/run.ts";
import { readStandaloneConfig, type StandaloneConfig } from "./config.ts";
import { loadMetrics } from "./metrics/load-metrics.ts";
import { startStandalone } from "./standalone.ts";

const localDirectory = resolve(".local");
await runProgram(await readStandaloneConfig(process.env, localDirectory), start);

async function start(config: StandaloneConfig): Promise<Program> {
  const logger = createLogger(config.LOG_LEVEL);
  const metrics = await loadMetrics(config);
  const metricsServed = await serveMetrics(metrics, { config, logger });
  const tracing = await loadTracing(config, { program: "standalone", logger });
  const server = await startStandalone({ config, logger, localDirectory, metrics, tracer: tracing.tracer });
  console.log(`Container Driver listens on ${server.url} (API: ${server.url}/docs/spec.json); Ctrl-C stops it`);
  return {
    failed: server.failed,
    async stop() {
      await server.stop();
      await Promise.all([metricsServed.close(), tracing.close()]);
    },
  };
}
