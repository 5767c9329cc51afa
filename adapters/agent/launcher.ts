/** The agent's launcher, as configured. */
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import type { Launcher } from "../../k8s-agent/launch/launcher.ts";
import { createLocalLauncher } from "../../k8s-agent/local/local-launcher.ts";
import type { Logger } from "../../src/log.ts";
import type { AgentConfig } from "./config.ts";

export async function createLauncher(
  { LAUNCHER, RUNS_DIRECTORY, CLUSTER }: Pick<AgentConfig, "LAUNCHER" | "RUNS_DIRECTORY" | "CLUSTER">,
  logger: Logger,
): Promise<Launcher> {
  if (LAUNCHER === "kubernetes") throw new Error("Cannot use LAUNCHER=kubernetes: it is not built yet; use local");
  // The same for all replicas of a cluster on this machine: that is how one finds the runs of another that died.
  const directory =
    RUNS_DIRECTORY === "" ? join(tmpdir(), `container-driver-${userInfo().uid}-${CLUSTER}`) : RUNS_DIRECTORY;
  return createLocalLauncher({ directory, logger: logger.child({ component: "launcher" }) });
}
