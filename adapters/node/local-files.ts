/**
 * `.local/`: keys of a development machine. Made when something is missing, then the same at every start, so that nothing
 * has to be copied by hand. Private to its owner; ignored by git.
 */
import { randomUUID } from "node:crypto";
import { link, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as v from "valibot";
import { check } from "../../src/contract/decode.ts";
import { parseJson, stringifyJson } from "../../src/contract/json.ts";
import {
  ClusterKeyFile,
  FrontDoorKeyFile,
  FrontDoorPublicJwk,
  generateClusterKeys,
  generateFrontDoorKeys,
  getFrontDoorPublicJwk,
} from "../../src/sealing/key-files.ts";

/** Reads the front door's keys, or makes them. */
export function readFrontDoorKeys(directory: string): Promise<FrontDoorKeyFile> {
  return readOrMake(join(directory, "front-door.json"), FrontDoorKeyFile, generateFrontDoorKeys);
}

/** Reads the front door's keys; undefined where there are none. */
export async function findFrontDoorKeys(directory: string): Promise<FrontDoorKeyFile | undefined> {
  const path = join(directory, "front-door.json");
  return (await readTextIfThere(path)) === undefined ? undefined : readJsonFile(path, FrontDoorKeyFile);
}

/** Reads a cluster's keys, or makes them. */
export function readClusterKeys(directory: string, cluster: string): Promise<ClusterKeyFile> {
  return readOrMake(join(directory, "clusters", cluster, "keys.json"), ClusterKeyFile, generateClusterKeys);
}

/**
 * The public keys of the front doors that a cluster's agent on this machine obeys: this machine's own, if it has one or may
 * make it, and those that the agent was given.
 */
export async function readTrustedFrontDoors(
  directory: string,
  { cluster, make }: { cluster: string; make: boolean },
): Promise<FrontDoorPublicJwk[]> {
  const keys = make ? await readFrontDoorKeys(directory) : await findFrontDoorKeys(directory);
  const own = keys === undefined ? [] : [getFrontDoorPublicJwk(keys)];
  const path = join(directory, "clusters", cluster, "front-doors.json");
  const given = (await readTextIfThere(path)) === undefined ? [] : await readFrontDoorList(path);
  return [...own, ...given.filter(({ kid }) => kid !== own[0]?.kid)];
}

/** Reads a cluster's keys from a file that must be there. */
export function readClusterKeyFile(path: string): Promise<ClusterKeyFile> {
  return readJsonFile(path, ClusterKeyFile);
}

/** Reads a list of front doors' public keys from a file that must be there. */
export function readFrontDoorList(path: string): Promise<FrontDoorPublicJwk[]> {
  return readJsonFile(path, v.array(FrontDoorPublicJwk));
}

/** Undefined where there is no such file. */
export async function readTextIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** Reads a JSON file, or makes it. Of two processes that make it at once, both get the first one's. */
async function readOrMake<S extends v.GenericSchema>(
  path: string,
  schema: S,
  make: () => Promise<unknown>,
): Promise<v.InferOutput<S>> {
  try {
    return await readJsonFile(path, schema);
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
  }
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const own = `${path}.${randomUUID()}`;
  await writeFile(own, `${stringifyJson(await make())}\n`, { mode: 0o600, flag: "wx" });
  try {
    // Unlike a rename, a link fails where there is a file already: another process was faster.
    await link(own, path);
  } catch (error) {
    if (!hasCode(error, "EEXIST")) throw error;
  } finally {
    await rm(own);
  }
  return readJsonFile(path, schema);
}

/** Reads a JSON file that must be there. */
export async function readJsonFile<S extends v.GenericSchema>(path: string, schema: S): Promise<v.InferOutput<S>> {
  const parsed = parseJson(await readFile(path, "utf8"));
  const checked = parsed.ok ? check(schema, parsed.value) : parsed;
  if (checked.ok) return checked.value;
  throw new Error(`Cannot use ${path}: ${checked.problem}`);
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
