/**
 * The files of a rotation. Whoever opens or checks gets the new key first, beside the older ones; whoever seals or signs takes
 * it only then. Each step may be done again: it completes what was cut off, and makes no second key.
 */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { findFrontDoorKeys } from "../adapters/node/local-files.ts";
import {
  ClusterKeyFile,
  FrontDoorKeyFile,
  getClusterPublicJwk,
  getFrontDoorPublicJwk,
  rotateClusterKeys,
  rotateRunSecret,
  rotateSigningKey,
} from "../src/sealing/key-files.ts";
import { readJson, writeJson, type Step } from "./broker-files.ts";
import { getClusterPaths, readRegistry, registerCluster, trustFrontDoor } from "./cluster-files.ts";

/** The agent's new private key, beside the older ones. The front door goes on to seal to the one that is registered. */
export async function prepareCluster(directory: string, cluster: string): Promise<Step[]> {
  const { path, keys, isPrepared } = await readCluster(directory, cluster);
  return [await writeJson(path, isPrepared ? keys : await rotateClusterKeys(keys))];
}

/** From here on the front door seals to the newest key. */
export async function useCluster(directory: string, cluster: string): Promise<Step[]> {
  await readCluster(directory, cluster);
  return [await registerCluster(directory, cluster)];
}

async function readCluster(directory: string, cluster: string) {
  const path = getClusterPaths(directory, cluster).keys;
  const keys = await readJson(path, ClusterKeyFile);
  const registered = new Map(Object.entries(await readRegistry(directory))).get(cluster);
  if (keys === undefined || registered === undefined)
    throw new Error(`Cannot rotate keys: there is no cluster ${cluster} here; npm run cluster:add makes one`);
  return { path, keys, isPrepared: getClusterPublicJwk(keys).kid !== registered.key.kid };
}

/**
 * The front door's next key file. Its new run secret is also in the present one, last, so that no front door meets a result or a
 * record that it can't read; its signing key is trusted by every cluster's agent beside the present one.
 */
export async function prepareFrontDoor(directory: string): Promise<Step[]> {
  const { current, next } = getFrontDoorPaths(directory);
  const present = await findFrontDoorKeys(directory);
  if (present === undefined)
    throw new Error(`Cannot rotate keys: there is no ${current}; npm run cluster:add makes one`);
  const coming = (await readJson(next, FrontDoorKeyFile)) ?? rotateRunSecret(await rotateSigningKey(present));
  const known = new Set(present.runSecrets.map(({ id }) => id));
  const added = coming.runSecrets.filter(({ id }) => !known.has(id));
  const steps = [await writeJson(next, coming)];
  steps.push(await writeJson(current, { ...present, runSecrets: [...present.runSecrets, ...added] }));
  for (const cluster of Object.keys(await readRegistry(directory)))
    steps.push(await trustFrontDoor(directory, { cluster, key: getFrontDoorPublicJwk(coming) }));
  return steps;
}

export async function useFrontDoor(directory: string): Promise<Step[]> {
  const { current, next } = getFrontDoorPaths(directory);
  const coming = await readJson(next, FrontDoorKeyFile);
  if (coming === undefined) throw new Error(`Cannot use new keys: there is no ${next}; prepare them first`);
  const step = await writeJson(current, coming);
  await rm(next);
  return [step];
}

function getFrontDoorPaths(directory: string): { current: string; next: string } {
  return { current: join(directory, "front-door.json"), next: join(directory, "front-door.next.json") };
}
