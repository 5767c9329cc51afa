/**
 * A cluster as files: what its agent needs, in `<directory>/clusters/<name>`, to be taken there; and the front door's list of
 * clusters, `<directory>/clusters.json`, which has the form of its variable `CLUSTERS`.
 */
import { join } from "node:path";
import * as v from "valibot";
import { readClusterKeys, readFrontDoorKeys } from "../adapters/node/local-files.ts";
import { stringifyJson } from "../src/contract/json.ts";
import { ClusterName } from "../src/contract/names.ts";
import {
  ClusterPublicJwk,
  FrontDoorPublicJwk,
  getClusterPublicJwk,
  getFrontDoorPublicJwk,
} from "../src/sealing/key-files.ts";
import { readJson, readText, writeJson, writePrivate, type Step } from "./broker-files.ts";

/** `clusters.json`: routes are yours to add. */
const ClusterRegistry = v.record(
  ClusterName,
  v.strictObject({ key: ClusterPublicJwk, routes: v.optional(v.array(v.string())) }),
);

export interface ClusterPaths {
  readonly keys: string;
  readonly credentials: string;
  readonly frontDoors: string;
  readonly agentEnv: string;
}

export function getClusterPaths(directory: string, cluster: string): ClusterPaths {
  const at = (file: string) => join(directory, "clusters", cluster, file);
  return {
    keys: at("keys.json"),
    credentials: at("nats.creds"),
    frontDoors: at("front-doors.json"),
    agentEnv: at("agent.env"),
  };
}

export interface AgentOptions {
  readonly cluster: string;
  /** The broker's URL as the agent reaches it. */
  readonly url: string;
  readonly apiPrefix: string;
}

/** What was written the last time, by the variables' names. */
export async function readAgentVariables(directory: string, cluster: string): Promise<Map<string, string>> {
  const text = (await readText(getClusterPaths(directory, cluster).agentEnv)) ?? "";
  const pairs = text.split("\n").map((line) => /^(\w+)=(.*)$/.exec(line));
  return new Map(pairs.flatMap((pair) => (pair === null ? [] : [[pair[1] ?? "", pair[2] ?? ""]])));
}

/** Writes everything of the agent's but its credentials, and makes keys where there are none. */
export async function writeAgentFiles(directory: string, { cluster, url, apiPrefix }: AgentOptions): Promise<Step[]> {
  const paths = getClusterPaths(directory, cluster);
  const known = await readJson(paths.keys, v.unknown());
  await readClusterKeys(directory, cluster);
  const variables = {
    CLUSTER: cluster,
    CLUSTER_KEYS_FILE: paths.keys,
    TRUSTED_FRONT_DOORS_FILE: paths.frontDoors,
    NATS_URL: url,
    NATS_CREDENTIALS: paths.credentials,
    NATS_API_PREFIX: apiPrefix,
  };
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}\n`);
  return [
    { what: paths.keys, outcome: known === undefined ? "created" : "unchanged" },
    await trustFrontDoor(directory, { cluster, key: getFrontDoorPublicJwk(await readFrontDoorKeys(directory)) }),
    await writePrivate(paths.agentEnv, lines.join("")),
  ];
}

/** Adds a front door's key to those that the agent obeys; older ones may have signed what is queued. */
export async function trustFrontDoor(
  directory: string,
  { cluster, key }: { cluster: string; key: FrontDoorPublicJwk },
): Promise<Step> {
  const path = getClusterPaths(directory, cluster).frontDoors;
  const known = (await readJson(path, v.array(FrontDoorPublicJwk))) ?? [];
  return writeJson(path, known.some(({ kid }) => kid === key.kid) ? known : [key, ...known]);
}

/** The front door's clusters; none where there is no list yet. */
export async function readRegistry(directory: string): Promise<v.InferOutput<typeof ClusterRegistry>> {
  return (await readJson(getRegistryPath(directory), ClusterRegistry)) ?? {};
}

const getRegistryPath = (directory: string) => join(directory, "clusters.json");

/** Makes the cluster known to the front door, with its newest key. */
export async function registerCluster(directory: string, cluster: string): Promise<Step> {
  const key = getClusterPublicJwk(await readClusterKeys(directory, cluster));
  const known = await readRegistry(directory);
  return writeRegistry(directory, { ...known, [cluster]: { key, routes: known[cluster]?.routes ?? [] } });
}

/** Makes the front door forget the cluster. */
export async function unregisterCluster(directory: string, cluster: string): Promise<Step> {
  const known = await readRegistry(directory);
  return writeRegistry(directory, Object.fromEntries(Object.entries(known).filter(([name]) => name !== cluster)));
}

/** A line a cluster, as people edit it. */
function writeRegistry(directory: string, registry: v.InferOutput<typeof ClusterRegistry>): Promise<Step> {
  const lines = Object.entries(registry).map(
    ([name, cluster]) => `  ${stringifyJson(name)}: ${stringifyJson(cluster)}`,
  );
  return writePrivate(getRegistryPath(directory), `{\n${lines.join(",\n")}\n}\n`);
}
