/** The agent's launcher, as configured. */
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { createLocalLauncher } from "../../k8s-agent/local/local-launcher.ts";
import type { KubernetesMetrics } from "../../k8s-agent/metrics/kubernetes-metrics.ts";
import type { Logger } from "../../src/log.ts";
import type { AgentConfig } from "./config.ts";
import { buildGitPolicy, type GitConfig } from "./git-policy.ts";
import type { KubernetesConfig } from "./kubernetes.ts";
import type { OpenLauncher } from "./open-launcher.ts";

type LauncherConfig = Pick<AgentConfig, "LAUNCHER" | "RUNS_DIRECTORY"> & KubernetesConfig;

/** Rejects where there is no cluster to be found. */
export async function createLauncher(
  config: LauncherConfig,
  logger: Logger,
  { metrics }: { metrics?: KubernetesMetrics | undefined } = {},
): Promise<OpenLauncher> {
  const own = logger.child({ component: "launcher" });
  if (config.LAUNCHER === "kubernetes") {
    // Who runs local processes has no use for a client of Kubernetes, which takes its time to load.
    const { openKubernetesLauncher } = await import("./kubernetes.ts");
    return openKubernetesLauncher(config, own, { metrics });
  }
  const { RUNS_DIRECTORY, CLUSTER } = config;
  // The same for all replicas of a cluster on this machine: that is how one finds the runs of another that died.
  const directory =
    RUNS_DIRECTORY === "" ? join(tmpdir(), `container-driver-${userInfo().uid}-${CLUSTER}`) : RUNS_DIRECTORY;
  return openLocalLauncher(directory, { logger: own, config });
}

/** Local runs leave nothing that their log doesn't say. */
export function openLocalLauncher(
  directory: string,
  { logger, config }: { logger: Logger; config: GitConfig },
): OpenLauncher {
  const launcher = createLocalLauncher({ directory, logger, gitPolicy: buildGitPolicy(config) });
  return { ...launcher, keepFailedSeconds: 0, findProblem: () => undefined, close: () => Promise.resolve() };
}
