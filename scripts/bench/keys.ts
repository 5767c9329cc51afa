/** Keys for a front door and a cluster, as variables of the bench's programs. */
import { demand } from "../../adapters/node/run.ts";
import { parseJson, stringifyJson, type JsonValue } from "../../src/contract/json.ts";
import {
  generateClusterKeys,
  generateFrontDoorKeys,
  getClusterPublicJwk,
  getFrontDoorPublicJwk,
} from "../../src/sealing/key-files.ts";
import { importAgentKeys, type AgentKeys } from "../../src/sealing/keys.ts";

/** The only cluster. */
export const cluster = "local";

export async function createKeyVariables(): Promise<Record<string, string>> {
  const [frontDoor, ofCluster] = await Promise.all([generateFrontDoorKeys(), generateClusterKeys()]);
  return {
    FRONT_DOOR_KEYS: stringifyJson(frontDoor),
    CLUSTERS: stringifyJson({ [cluster]: { key: getClusterPublicJwk(ofCluster) } }),
    BENCH_CLUSTER_KEYS: stringifyJson(ofCluster),
    BENCH_TRUSTED: stringifyJson([getFrontDoorPublicJwk(frontDoor)]),
  };
}

/** The agent's keys, from the variables of its process. */
export async function readAgentKeys(): Promise<AgentKeys> {
  const trusted = readJson("BENCH_TRUSTED");
  return demand(await importAgentKeys(readJson("BENCH_CLUSTER_KEYS"), Array.isArray(trusted) ? trusted : []));
}

function readJson(name: string): JsonValue {
  return demand(parseJson(process.env[name] ?? ""));
}
