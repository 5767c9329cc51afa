/** What a run's pod and the helpers in it agree on: where each finds what it is given, and how it is started. */
import type { Action } from "../../src/contract/run.ts";

export { exchangeDirectory } from "../../src/contract/container/variables.ts";

/** Where setup finds what it is told, a file of the run's Secret: JSON as `SetupSpec` (setup/spec.ts) has it. */
export const setupSpec = { directory: "/run/container-driver-setup", file: "spec.json" } as const;

/** Where the collector finds the key that it seals with, a file of the run's Secret: base64url of 32 bytes. */
export const collectorKey = { directory: "/run/container-driver-collector", file: "key" } as const;

/** A volume of setup's own, in which it makes a private directory for credentials. */
export const scratchDirectory = "/run/container-driver-scratch";

/**
 * Where setup has the volume of main's shared directory, which is the directory `name` in it: setup makes that one, so that
 * it belongs to the user who fills it. git refuses to work in the volume's own root, as that is root's.
 */
export const workspace = { directory: "/run/container-driver-workspace", name: "workspace" } as const;

/** Where setup leaves its report; Kubernetes' default, and the largest message that the kubelet takes. */
export const terminationLog = "/dev/termination-log";

/** Where the helpers' image keeps Node, and each program as one file: see scripts/image. */
export const imagePaths = { node: "/usr/local/bin/node", app: "/app" } as const;

/**
 * The command of a helper's container. Helpers read no environment variables.
 *
 * @example buildHelperCommand("collector", "create")
 */
export function buildHelperCommand(...[helper, ...rest]: HelperArguments): string[] {
  return [imagePaths.node, `${imagePaths.app}/${helper}.js`, ...rest];
}

/** Which helper, and what it is called with: the collector ignores what a destroy has put out. */
export type HelperArguments = ["setup"] | ["collector", Action] | ["collector-ready"];
