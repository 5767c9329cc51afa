/** An image needs somebody to run it: a cluster, in the place of this machine. */
import type { Launcher } from "../../../k8s-agent/launch/launcher.ts";
import { readAgentConfig } from "../../agent/config.ts";
import { createLauncher } from "../../agent/launcher.ts";
import { createLogger } from "../../node/logger.ts";
import { Stop } from "../exit-codes.ts";

/** The launcher of an agent with the same environment. Throws `Stop` where there is no cluster that could be used. */
export async function openClusterLauncher(image: string): Promise<Launcher> {
  if (!process.env["KUBECONFIG"] && !process.env["KUBERNETES_SERVICE_HOST"])
    throw new Stop(
      "failed",
      `Cannot run the image ${image}: there is no container engine in this program. Set KUBECONFIG to try it in a cluster, ` +
        "or give the directory with its code and the command that it runs: container-driver conform <directory> -- <command>",
    );
  const config = await readAgentConfig({ ...process.env, LAUNCHER: "kubernetes" }, ".local");
  if (!config.ok) throw new Stop("usage", `Cannot use the cluster: ${config.problem}`);
  try {
    return await createLauncher(config.value, createLogger("warn"));
  } catch (error) {
    throw new Stop("failed", error instanceof Error ? error.message : String(error), { cause: error });
  }
}
