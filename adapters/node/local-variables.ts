/** What `.local/` has for variables that the environment leaves out. */
import { join } from "node:path";
import { readServers } from "../../src/bus/nats/servers.ts";
import { stringifyJson } from "../../src/contract/json.ts";
import { isLoopback } from "../../src/contract/loopback.ts";
import { AnyObject } from "../../src/contract/objects.ts";
import { getClusterPublicJwk } from "../../src/sealing/key-files.ts";
import { readClusterKeys, readFrontDoorKeys, readJsonFile, readTextIfThere } from "./local-files.ts";

/** The front door's keys, as `FRONT_DOOR_KEYS` has them. */
export async function readFrontDoorKeyText(directory: string): Promise<string> {
  return stringifyJson(await readFrontDoorKeys(directory));
}

/** One cluster of this machine, as `CLUSTERS` has it. */
export async function readOwnCluster(directory: string, cluster: string): Promise<string> {
  return stringifyJson(await describeOwnCluster(directory, cluster));
}

/** The clusters that `cluster:add` has registered, as `CLUSTERS` has them; beside them one of this machine, where there are none or it is always wanted. */
export async function readClusterList(
  directory: string,
  { cluster, always }: { cluster: string; always: boolean },
): Promise<string> {
  const path = join(directory, "clusters.json");
  const registered = (await readTextIfThere(path)) === undefined ? {} : await readJsonFile(path, AnyObject);
  const wanted = always ? !Object.hasOwn(registered, cluster) : Object.keys(registered).length === 0;
  return stringifyJson({ ...registered, ...(wanted ? await describeOwnCluster(directory, cluster) : {}) });
}

async function describeOwnCluster(directory: string, cluster: string) {
  return { [cluster]: { key: getClusterPublicJwk(await readClusterKeys(directory, cluster)) } };
}

/**
 * The credentials file that `broker:init` has made for a user of the broker on this machine. Other brokers have other users:
 * for a URL that leads elsewhere, or that has a user in it, there is none.
 */
export async function findBrokerCredentials(
  directory: string,
  { user, url = "" }: { user: "front-door" | "provision"; url?: string | undefined },
): Promise<string | undefined> {
  const read = readServers(url);
  if (!read.ok || read.value.settings.user !== undefined) return undefined;
  if (!read.value.servers.every((server) => isLoopback(new URL(server).hostname))) return undefined;
  const path = join(directory, "broker", `${user}.creds`);
  return (await readTextIfThere(path)) === undefined ? undefined : path;
}
