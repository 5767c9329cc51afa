/** What `.local/` has for variables that the environment leaves out. */
import { join } from "node:path";
import { readServers } from "../../src/bus/nats/servers.ts";
import { stringifyJson } from "../../src/contract/json.ts";
import { isLoopback } from "../../src/contract/loopback.ts";
import { AnyObject } from "../../src/contract/objects.ts";
import { getClusterPublicJwk } from "../../src/sealing/key-files.ts";
import { findFrontDoorKeys, readClusterKeys, readFrontDoorKeys, readJsonFile, readTextIfThere } from "./local-files.ts";

/** The front door's keys, as `FRONT_DOOR_KEYS` has them; made where there are none, if they may be. */
export async function readFrontDoorKeyText(
  directory: string,
  { make }: { make: boolean },
): Promise<string | undefined> {
  const keys = make ? await readFrontDoorKeys(directory) : await findFrontDoorKeys(directory);
  return keys && stringifyJson(keys);
}

/** One cluster of this machine, as `CLUSTERS` has it. */
export async function readOwnCluster(directory: string, cluster: string): Promise<string> {
  return stringifyJson(await describeOwnCluster(directory, cluster));
}

/**
 * The clusters that `cluster:add` has registered, as `CLUSTERS` has them; beside them one of this machine, where it is always
 * wanted, or where there are none and its keys may be made.
 */
export async function readClusterList(
  directory: string,
  { cluster, always, make }: { cluster: string; always: boolean; make: boolean },
): Promise<string | undefined> {
  const path = join(directory, "clusters.json");
  const registered = (await readTextIfThere(path)) === undefined ? {} : await readJsonFile(path, AnyObject);
  const isEmpty = Object.keys(registered).length === 0;
  if (isEmpty && !make) return undefined;
  const wanted = always ? !Object.hasOwn(registered, cluster) : isEmpty;
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
  if (!read.ok || read.value.settings.user !== undefined || !isOnThisMachine(url)) return undefined;
  const path = join(directory, "broker", `${user}.creds`);
  return (await readTextIfThere(path)) === undefined ? undefined : path;
}

/** Whether a broker's URL leads to this machine alone. */
export function isOnThisMachine(url: string): boolean {
  const read = readServers(url);
  return read.ok && read.value.servers.every((server) => isLoopback(new URL(server).hostname));
}
