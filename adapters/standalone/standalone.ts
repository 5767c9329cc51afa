/** Front door and agent in one process: the embedded default, and the only place that imports both. */
import { createLocalLauncher } from "../../k8s-agent/local/local-launcher.ts";
import type { Launcher } from "../../k8s-agent/launch/launcher.ts";
import { startAgent } from "../../k8s-agent/main.ts";
import { createMemoryBus } from "../../src/bus/memory/memory-bus.ts";
import type { Bus } from "../../src/bus/port.ts";
import { createFrontDoor } from "../../src/front-door.ts";
import type { Logger } from "../../src/log.ts";
import { loadAgentKeys } from "../node/agent-keys.ts";
import { demand } from "../node/run.ts";
import { serveApp } from "../node/serve.ts";
import { version } from "../node/version.ts";
import type { StandaloneConfig } from "./config.ts";
import { openRunsDirectory } from "./runs-directory.ts";

export interface Standalone {
  /** `http://host:port` */
  readonly url: string;
  /** For programs in the same process that want to follow what runs do. */
  readonly bus: Bus;
  /** Rejects when the agent can't go on; never resolves. */
  readonly failed: Promise<never>;
  /** Stops listening, stops the runs, and waits until that is done. */
  stop(): Promise<void>;
}

export interface StandaloneOptions {
  readonly config: StandaloneConfig;
  readonly logger: Logger;
  /** `.local/` */
  readonly localDirectory: string;
}

export async function startStandalone({ config, logger, localDirectory }: StandaloneOptions): Promise<Standalone> {
  const now = () => new Date();
  const bus = createMemoryBus();
  const keys = demand(await loadAgentKeys(localDirectory, config.CLUSTER));
  // Public definitions name clusters of their own: all of them lead to the one that is here, unless routes say more.
  const catchAll = hasRoutes(config) ? undefined : config.CLUSTER;
  const app = demand(await createFrontDoor({ config, bus, logger, now, version, catchAll }));
  // First the port: the runs directory goes with it, and the agent begins by clearing away what it finds there. A second
  // server on the same port must fail before that.
  const served = await serveApp(app, { host: config.HOST, port: config.PORT });
  try {
    const agent = startAgent({
      bus,
      launcher: await createLauncher(config, { port: served.port, logger }),
      keys,
      cluster: config.CLUSTER,
      agent: "standalone",
      capacity: config.CAPACITY,
      graceSeconds: config.GRACE_SECONDS,
      logger,
      now,
      random: Math.random,
    });
    return {
      url: served.url,
      bus,
      failed: agent.failed,
      async stop() {
        // At once: callers whose answers are being held are told how their runs ended.
        await Promise.all([served.close(), agent.stop({ cancelRuns: true })]);
        await bus.close();
      },
    };
  } catch (error) {
    await served.close();
    throw error;
  }
}

async function createLauncher(
  config: StandaloneConfig,
  { port, logger }: { port: number; logger: Logger },
): Promise<Launcher> {
  if (config.LAUNCHER === "kubernetes")
    throw new Error("Cannot use LAUNCHER=kubernetes: it is not built yet; use local");
  const directory = await openRunsDirectory(config, port);
  return createLocalLauncher({ directory, logger: logger.child({ component: "launcher" }) });
}

function hasRoutes({ CLUSTERS }: StandaloneConfig): boolean {
  return Object.values(CLUSTERS).some(({ routes = [] }) => routes.length > 0);
}
