/** `npm run agent`: the agent of a cluster, with connections outwards only. Any number of replicas share a cluster. */
import { resolve } from "node:path";
import { startAgent } from "../../k8s-agent/main.ts";
import { loadAgentKeys } from "../node/agent-keys.ts";
import { createLogger } from "../node/logger.ts";
import { serveMetrics } from "../node/metrics/serve-metrics.ts";
import { loadTracing } from "../node/tracing/load-tracing.ts";
import { demand, runProgram, type Program } from "../node/run.ts";
import { openAgentBus, type AgentBus } from "./agent-bus.ts";
import { createAgentName } from "./agent-name.ts";
import { readAgentConfig, type AgentConfig } from "./config.ts";
import { createLauncher } from "./launcher.ts";
import { loadAgentMetrics } from "./metrics/load-agent-metrics.ts";
import { serveProbes } from "./probes.ts";

const localDirectory = resolve(".local");
await runProgram(await readAgentConfig(process.env, localDirectory), start);

async function start(config: AgentConfig): Promise<Program> {
  const logger = createLogger(config.LOG_LEVEL);
  const name = createAgentName();
  const keys = demand(await loadAgentKeys(localDirectory, config.CLUSTER, config));
  const metrics = await loadAgentMetrics(config);
  const tracing = await loadTracing(config, { program: "agent", instance: name, logger });
  const launcher = await createLauncher(config, logger, { metrics: metrics?.kubernetes });
  let bus: AgentBus | undefined;
  // First of all: who waits for the broker is alive.
  const [onProbes, apart] = config.METRICS_PORT === config.PROBE_PORT ? [metrics] : [undefined, metrics];
  const probes = await serveProbes(config.PROBE_PORT, { launcher, getBus: () => bus, metrics: onProbes });
  const metricsServed = await serveMetrics(apart, { config, logger });
  const opened = (bus = await openAgentBus(config, { name, logger, metrics: metrics?.broker }));
  const agent = startAgent({
    bus: opened,
    launcher,
    keys,
    cluster: config.CLUSTER,
    agent: name,
    capacity: config.CAPACITY,
    graceSeconds: config.GRACE_SECONDS,
    keepFailedSeconds: launcher.keepFailedSeconds,
    logger,
    now: () => new Date(),
    random: Math.random,
    observer: metrics?.agent,
    tracer: tracing.tracer,
  });
  console.log(`Agent ${name} of cluster ${config.CLUSTER} takes requests; Ctrl-C stops it, its runs go on`);
  return {
    failed: agent.failed,
    async stop() {
      await agent.stop();
      await launcher.close();
      await opened.close();
      await Promise.all([probes.close(), metricsServed.close(), tracing.close()]);
    },
  };
}
