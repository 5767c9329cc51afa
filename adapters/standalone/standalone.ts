/** Front door and agent in one process: the embedded default, and the only place that imports both. */
import { startAgent, type Agent } from "../../k8s-agent/main.ts";
import type { Bus } from "../../src/bus/port.ts";
import { createFrontDoor } from "../../src/front-door.ts";
import type { Logger } from "../../src/log.ts";
import type { Tracer } from "../../src/tracer.ts";
import { createAgentName } from "../agent/agent-name.ts";
import { createLauncher, openLocalLauncher } from "../agent/launcher.ts";
import type { OpenLauncher } from "../agent/open-launcher.ts";
import { loadAgentKeys } from "../node/agent-keys.ts";
import { demand } from "../node/run.ts";
import { serveApp } from "../node/serve.ts";
import { version } from "../node/version.ts";
import { createBuses } from "./buses.ts";
import type { StandaloneConfig } from "./config.ts";
import type { StandaloneMetrics } from "./metrics/open-metrics.ts";
import { openRunsDirectory } from "./runs-directory.ts";

export interface Standalone {
  /** `http://host:port` */
  readonly url: string;
  /** For programs in the same process that want to follow what runs do. */
  readonly bus: Bus;
  /** Rejects when the agent can't go on; never resolves. */
  readonly failed: Promise<never>;
  /** Stops listening and waits until that is done. Runs are stopped where nobody could adopt them: with the bus in memory. */
  stop(): Promise<void>;
}

export interface StandaloneOptions {
  readonly config: StandaloneConfig;
  readonly logger: Logger;
  /** `.local/` */
  readonly localDirectory: string;
  readonly metrics?: StandaloneMetrics | undefined;
  readonly tracer?: Tracer | undefined;
}

export async function startStandalone(options: StandaloneOptions): Promise<Standalone> {
  const { config, logger, localDirectory, metrics, tracer } = options;
  const now = () => new Date();
  const name = createAgentName();
  const buses = createBuses(config, { name, logger, localDirectory, metrics: metrics?.broker });
  const bus = buses.frontDoor;
  const keys = demand(await loadAgentKeys(localDirectory, config.CLUSTER));
  // Public definitions name clusters of their own: all of them lead to the one that is here, unless routes say more.
  const catchAll = hasRoutes(config) ? undefined : config.CLUSTER;
  const observer = metrics?.frontDoor;
  const app = demand(await createFrontDoor({ config, bus, logger, now, version, catchAll, observer, tracer }));
  // First the port: the runs directory goes with it, and the agent begins by clearing away what it finds there. A second
  // server on the same port must fail before that.
  const served = await serveApp(app, { host: config.HOST, port: config.PORT });
  try {
    const launcher = await chooseLauncher(config, { ...options, kind: buses.kind, port: served.port });
    const starting = new AbortController();
    const agent = buses.openForAgent(starting.signal).then((opened) => ({
      bus: opened,
      ...startAgent({
        bus: opened,
        launcher,
        keys,
        cluster: config.CLUSTER,
        agent: name,
        capacity: config.CAPACITY,
        graceSeconds: config.GRACE_SECONDS,
        keepFailedSeconds: launcher.keepFailedSeconds,
        logger,
        now,
        random: Math.random,
        observer: metrics?.agent,
        tracer,
      }),
    }));
    return {
      url: served.url,
      bus,
      failed: watchAgent(agent, starting.signal),
      async stop() {
        starting.abort();
        // At once: callers whose answers are being held are told how their runs ended.
        await Promise.all([served.close(), stopAgent(agent, { cancelRuns: buses.kind === "memory" })]);
        await launcher.close();
        await bus.close();
      },
    };
  } catch (error) {
    await served.close();
    throw error;
  }
}

type RunningAgent = Agent & { readonly bus: Bus };

/** Rejects when the agent can't start or can't go on; not when it was stopped before there was a broker. */
async function watchAgent(agent: Promise<RunningAgent>, stopped: AbortSignal): Promise<never> {
  try {
    return await (
      await agent
    ).failed;
  } catch (error) {
    if (!stopped.aborted) throw error;
    return new Promise(() => {});
  }
}

async function stopAgent(agent: Promise<RunningAgent>, options: { cancelRuns: boolean }): Promise<void> {
  const running = await agent.catch(() => undefined);
  await running?.stop(options);
  await running?.bus.close();
}

/** Over NATS, replicas on this machine share their runs; with the bus in memory nobody else knows them. */
async function chooseLauncher(
  config: StandaloneConfig,
  { kind, port, logger, metrics }: { kind: "memory" | "nats"; port: number } & Omit<StandaloneOptions, "config">,
): Promise<OpenLauncher> {
  if (kind === "nats" || config.LAUNCHER === "kubernetes")
    return createLauncher(config, logger, { metrics: metrics?.kubernetes });
  const directory = await openRunsDirectory(config, port);
  return openLocalLauncher(directory, { logger: logger.child({ component: "launcher" }), config });
}

function hasRoutes({ CLUSTERS }: StandaloneConfig): boolean {
  return Object.values(CLUSTERS).some(({ routes = [] }) => routes.length > 0);
}
