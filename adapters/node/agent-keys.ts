/** The keys that an agent opens requests with: from files that are named, or those of this machine. */
import type { Result } from "../../src/contract/result.ts";
import { importAgentKeys, type AgentKeys } from "../../src/sealing/keys.ts";
import { readClusterKeyFile, readClusterKeys, readFrontDoorList, readTrustedFrontDoors } from "./local-files.ts";

/** The variables that name the files. */
export interface KeyFiles {
  readonly CLUSTER_KEYS_FILE?: string | undefined;
  readonly TRUSTED_FRONT_DOORS_FILE?: string | undefined;
}

export async function loadAgentKeys(
  localDirectory: string,
  cluster: string,
  { CLUSTER_KEYS_FILE, TRUSTED_FRONT_DOORS_FILE }: KeyFiles = {},
): Promise<Result<AgentKeys>> {
  return importAgentKeys(
    await (CLUSTER_KEYS_FILE === undefined
      ? readClusterKeys(localDirectory, cluster)
      : readClusterKeyFile(CLUSTER_KEYS_FILE)),
    await (TRUSTED_FRONT_DOORS_FILE === undefined
      ? readTrustedFrontDoors(localDirectory, cluster)
      : readFrontDoorList(TRUSTED_FRONT_DOORS_FILE)),
  );
}
