/** An image needs somebody to run it: a cluster, in the place of this machine. */
import { agentVariables } from "../../../k8s-agent/config.ts";
import { readVariables } from "../../../src/contract/variables.ts";
import { createLauncher } from "../../agent/launcher.ts";
import type { OpenLauncher } from "../../agent/open-launcher.ts";
import { createLogger } from "../../node/logger.ts";
import { Stop } from "../exit-codes.ts";
import { clusterName } from "./carry-out.ts";

/**
 * The launcher of an agent with the same environment, for a cluster name of its own: agents that are there take its Jobs for
 * nobody's of theirs. Throws `Stop` where there is no cluster that could be used: nothing was tried then.
 */
export async function openClusterLauncher(image: string): Promise<OpenLauncher> {
  if (!process.env["KUBECONFIG"] && !process.env["KUBERNETES_SERVICE_HOST"])
    throw new Stop(
      "usage",
      `Cannot run the image ${image}: there is no container engine in this program. Set KUBECONFIG to try it in a cluster, ` +
        "or give the directory with its code and the command that it runs: container-driver conform <directory> -- <command>",
    );
  const config = readVariables(agentVariables, { ...process.env, LAUNCHER: "kubernetes", CLUSTER: clusterName });
  if (!config.ok) throw new Stop("usage", `Cannot use the cluster: ${config.problem}`);
  try {
    return await createLauncher(config.value, createLogger("warn"));
  } catch (error) {
    throw new Stop("unreachable", error instanceof Error ? error.message : String(error), { cause: error });
  }
}
