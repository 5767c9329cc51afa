/** `deno task start`: the front door on Deno, over NATS. By TCP, as Deno's WebSocket stalls for 40 ms now and then. */
import { resolve } from "node:path";
import process from "node:process";
import { createConsoleLogger, type Logger } from "../../src/log.ts";
import { readNodeConfig, type NodeConfig } from "../node/config.ts";
import { openFrontDoor } from "../node/front-door.ts";
import { loadMetrics } from "../node/metrics/load-metrics.ts";
import type { MetricsSource } from "../node/metrics/registry.ts";
import { loadTracing } from "../node/tracing/load-tracing.ts";
import { runProgram, type Program } from "../node/run.ts";

/** Requests that are under way are waited for this long when the server stops. */
const patienceMilliseconds = 3000;

await runProgram(await readNodeConfig(process.env, resolve(".local")), start);

async function start(config: NodeConfig): Promise<Program> {
  const write = (line: string) => console.error(line);
  const logger = createConsoleLogger({ write, now: () => new Date(), level: config.LOG_LEVEL });
  const metrics = await loadMetrics(config);
  const metricsServer = metrics && serveMetrics(metrics, { config, logger });
  const tracing = await loadTracing(config, { program: "front-door", logger });
  const { app, bus } = await openFrontDoor(config, logger, { metrics, tracer: tracing.tracer });
  const server = Deno.serve({ hostname: config.HOST, port: config.PORT, onListen: announce }, (request) =>
    app.fetch(normalizeUrl(request)),
  );
  return {
    failed: new Promise(() => {}),
    async stop() {
      const patience = new Promise((resolve) => setTimeout(resolve, patienceMilliseconds));
      await Promise.race([Promise.all([server.shutdown(), metricsServer?.shutdown()]), patience]);
      await Promise.all([bus.close(), tracing.close()]);
    },
  };
}

function serveMetrics(source: MetricsSource, { config, logger }: { config: NodeConfig; logger: Logger }) {
  const { METRICS_HOST: hostname, METRICS_PORT: port = 0 } = config;
  const onListen = () => logger.info({ hostname, port }, "Metrics are served");
  return Deno.serve({ hostname, port, onListen }, (request) => source.fetch(request));
}

function announce({ hostname, port }: { hostname: string; port: number }): void {
  const url = `http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
  console.log(`Container Driver's front door listens on ${url} (API: ${url}/docs/spec.json); Ctrl-C stops it`);
}

/** Deno passes the path on as it was sent; the other runtimes, as the URL standard has it, take `..` and the like out of it. */
function normalizeUrl(request: Request): Request {
  const { href } = new URL(request.url);
  return href === request.url ? request : new Request(href, request);
}
