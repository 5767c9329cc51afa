/**
 * `.local/`: keys of a development machine. Made when something is missing, then the same at every start, so that nothing
 * has to be copied by hand. Private to its owner; ignored by git.
 */
import { randomUUID } from "node:crypto";
import { link, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type * as v from "valibot";
import { check } from "../../src/contract/decode.ts";
import { parseJson, stringifyJson } from "../../src/contract/json.ts";
import {
  ClusterKeyFile,
  FrontDoorKeyFile,
  generateClusterKeys,
  generateFrontDoorKeys,
  getClusterPublicJwk,
  getFrontDoorPublicJwk,
  type FrontDoorPublicJwk,
} from "../../src/sealing/key-files.ts";

/** Reads the front door's keys, or makes them. */
export function readFrontDoorKeys(directory: string): Promise<FrontDoorKeyFile> {
  return readOrMake(join(directory, "front-door.json"), FrontDoorKeyFile, generateFrontDoorKeys);
}

/** Reads a cluster's keys, or makes them. */
export function readClusterKeys(directory: string, cluster: string): Promise<ClusterKeyFile> {
  return readOrMake(join(directory, "clusters", cluster, "keys.json"), ClusterKeyFile, generateClusterKeys);
}

/** The public keys of the front doors that this machine's agents obey. */
export async function readTrustedFrontDoors(directory: string): Promise<FrontDoorPublicJwk[]> {
  return [getFrontDoorPublicJwk(await readFrontDoorKeys(directory))];
}

/** The front door's variables that are keys, for where the environment has none: of this machine and one of its clusters. */
export async function readLocalVariables(
  directory: string,
  cluster: string,
): Promise<{ FRONT_DOOR_KEYS: string; CLUSTERS: string }> {
  const key = getClusterPublicJwk(await readClusterKeys(directory, cluster));
  return {
    FRONT_DOOR_KEYS: stringifyJson(await readFrontDoorKeys(directory)),
    CLUSTERS: stringifyJson({ [cluster]: { key } }),
  };
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

async function readJsonFile<S extends v.GenericSchema>(path: string, schema: S): Promise<v.InferOutput<S>> {
  const parsed = parseJson(await readFile(path, "utf8"));
  const checked = parsed.ok ? check(schema, parsed.value) : parsed;
  if (checked.ok) return checked.value;
  throw new Error(`Cannot use ${path}: ${checked.problem}`);
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
