/** The keys that an agent on this machine opens requests with. */
import type { Result } from "../../src/contract/result.ts";
import { importAgentKeys, type AgentKeys } from "../../src/sealing/keys.ts";
import { readClusterKeys, readTrustedFrontDoors } from "./local-files.ts";

export async function loadAgentKeys(localDirectory: string, cluster: string): Promise<Result<AgentKeys>> {
  return importAgentKeys(await readClusterKeys(localDirectory, cluster), await readTrustedFrontDoors(localDirectory));
}
