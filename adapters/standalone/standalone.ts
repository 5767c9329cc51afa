/** Front door and agent in one process: the embedded default, and the only place that imports both. */
import { createLocalLauncher } from "../../k8s-agent/local/local-launcher.ts";
import type { Launcher } from "../../k8s-agent/launch/launcher.ts";
import { startAgent } from "../../k8s-agent/main.ts";
import { createApp } from "../../src/app.ts";
import { createMemoryBus } from "../../src/bus/memory/memory-bus.ts";
import type { Bus } from "../../src/bus/port.ts";
import { createCatalog } from "../../src/catalog/driver.ts";
import { containerDriver } from "../../src/catalog/container/container.ts";
import { createClusterDirectory } from "../../src/driver/cluster-directory.ts";
import type { Logger } from "../../src/log.ts";
import { createAuthentication } from "../node/authentication.ts";
import { loadLocalKeys } from "../node/local-files.ts";
import { serveApp } from "../node/serve.ts";
import { version } from "../node/version.ts";
import type { StandaloneConfig } from "./config.ts";
import { chooseRunsDirectory } from "./runs-directory.ts";

export interface Standalone {
  /** `http://host:port` */
  readonly url: string;
  /** For programs in the same process that want to follow what runs do. */
  readonly bus: Bus;
  /** Resolves when the server has stopped; rejects when the agent can't go on. */
  readonly finished: Promise<void>;
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
  const cluster = config.CLUSTER;
  const keys = await loadLocalKeys(localDirectory, cluster);
  const now = () => new Date();
  const bus = createMemoryBus();
  const launcher = await createLauncher(config, logger);
  // Public definitions name clusters of their own: all of them lead to the one that is here.
  const clusters = createClusterDirectory({ clusters: [{ name: cluster, key: keys.cluster }], catchAll: cluster });
  const authenticate = createAuthentication(config, { logger, now });
  const app = createApp({
    bus,
    catalog: createCatalog([containerDriver]),
    clusters,
    keys: keys.frontDoor,
    authenticate,
    logger,
    now,
    version,
    defaultWaitSeconds: config.WAIT_SECONDS,
  });
  const agent = startAgent({
    bus,
    launcher,
    keys: keys.agent,
    cluster,
    agent: "standalone",
    capacity: config.CAPACITY,
    graceSeconds: config.GRACE_SECONDS,
    logger,
    now,
    random: Math.random,
  });
  const served = await serveApp(app, { host: config.HOST, port: config.PORT });
  return {
    url: served.url,
    bus,
    finished: agent.finished,
    async stop() {
      await served.close();
      await agent.stop({ cancelRuns: true });
      await bus.close();
    },
  };
}

async function createLauncher(config: StandaloneConfig, logger: Logger): Promise<Launcher> {
  if (config.LAUNCHER === "kubernetes")
    throw new Error("Cannot use LAUNCHER=kubernetes: it is not built yet; use local");
  const directory = await chooseRunsDirectory(config);
  return createLocalLauncher({ directory, logger: logger.child({ component: "launcher" }) });
}
