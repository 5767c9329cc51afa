/** The keys that an agent opens requests with: from files that are named, or those of this machine. */
import { join } from "node:path";
import { refuse, type Result } from "../../src/contract/result.ts";
import { importAgentKeys, type AgentKeys } from "../../src/sealing/keys.ts";
import {
  readClusterKeyFile,
  readClusterKeys,
  readFrontDoorList,
  readTextIfThere,
  readTrustedFrontDoors,
} from "./local-files.ts";
import { isOnThisMachine } from "./local-variables.ts";

/** The variables that name the files, and those that tell a development machine. */
export interface KeyFiles {
  readonly CLUSTER_KEYS_FILE?: string | undefined;
  readonly TRUSTED_FRONT_DOORS_FILE?: string | undefined;
  readonly NATS_URL?: string | undefined;
  readonly NATS_CREDENTIALS?: string | undefined;
}

/**
 * Keys are made only where the broker is on this machine and lets everybody in: elsewhere the front door has sealed to others,
 * and an agent that makes its own would take runs and fail them.
 */
export async function loadAgentKeys(
  localDirectory: string,
  cluster: string,
  { CLUSTER_KEYS_FILE, TRUSTED_FRONT_DOORS_FILE, NATS_URL, NATS_CREDENTIALS }: KeyFiles = {},
): Promise<Result<AgentKeys>> {
  const make = NATS_URL === undefined || (NATS_CREDENTIALS === undefined && isOnThisMachine(NATS_URL));
  for (const [variable, given, name] of [
    ["CLUSTER_KEYS_FILE", CLUSTER_KEYS_FILE, "keys.json"],
    ["TRUSTED_FRONT_DOORS_FILE", TRUSTED_FRONT_DOORS_FILE, "front-doors.json"],
  ] as const) {
    const path = join(localDirectory, "clusters", cluster, name);
    if (!make && given === undefined && (await readTextIfThere(path)) === undefined)
      return refuse(`${variable} is missing, and there is no ${path}: cluster:add has made one for this cluster`);
  }
  return importAgentKeys(
    await (CLUSTER_KEYS_FILE === undefined
      ? readClusterKeys(localDirectory, cluster)
      : readClusterKeyFile(CLUSTER_KEYS_FILE)),
    await (TRUSTED_FRONT_DOORS_FILE === undefined
      ? readTrustedFrontDoors(localDirectory, { cluster, make })
      : readFrontDoorList(TRUSTED_FRONT_DOORS_FILE)),
  );
}
