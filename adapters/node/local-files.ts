/**
 * `.local/`: keys and state of a development machine. Made when something is missing, then the same at every start, so
 * that nothing has to be copied by hand. Private to its owner; ignored by git.
 */
import { link, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { randomUUID } from "node:crypto";
import { parseJson, stringifyJson, type JsonValue } from "../../src/contract/json.ts";
import type { Result } from "../../src/contract/result.ts";
import {
  generateClusterKeys,
  generateFrontDoorKeys,
  getClusterPublicJwk,
  getFrontDoorPublicJwk,
  type ClusterKeyFile,
  type FrontDoorKeyFile,
} from "../../src/sealing/key-files.ts";
import {
  importAgentKeys,
  importClusterPublicKey,
  importFrontDoorKeys,
  type AgentKeys,
  type ClusterPublicKey,
  type FrontDoorKeys,
} from "../../src/sealing/keys.ts";

/** Both sides' keys, for a process that is both. */
export interface LocalKeys {
  readonly frontDoor: FrontDoorKeys;
  readonly agent: AgentKeys;
  readonly cluster: ClusterPublicKey;
}

/** The keys of this machine's front door and of one of its clusters. */
export async function loadLocalKeys(directory: string, cluster: string): Promise<LocalKeys> {
  const frontDoorPath = join(directory, "front-door.json");
  const clusterPath = join(directory, "clusters", cluster, "keys.json");
  const frontDoorFile = await readOrMake(frontDoorPath, generateFrontDoorKeys);
  const clusterFile = await readOrMake(clusterPath, generateClusterKeys);
  const frontDoor = demand(frontDoorPath, await importFrontDoorKeys(frontDoorFile));
  // Both files have passed their schemas in the imports before their public halves are taken.
  const agent = demand(
    clusterPath,
    await importAgentKeys(clusterFile, [getFrontDoorPublicJwk(frontDoorFile as unknown as FrontDoorKeyFile)]),
  );
  const publicJwk = getClusterPublicJwk(clusterFile as unknown as ClusterKeyFile);
  return { frontDoor, agent, cluster: demand(clusterPath, await importClusterPublicKey(publicJwk)) };
}

/** Reads a JSON file, or makes it. Of two processes that make it at once, both get the first one's. */
export async function readOrMake(path: string, make: () => Promise<unknown>): Promise<JsonValue> {
  try {
    return demand(path, parseJson(await readFile(path, "utf8")));
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const own = `${path}.${randomUUID()}`;
  await writeFile(own, `${stringifyJson(await make())}\n`, { mode: 0o600, flag: "wx" });
  try {
    await link(own, path);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  } finally {
    await rm(own);
  }
  return demand(path, parseJson(await readFile(path, "utf8")));
}

function demand<T>(path: string, result: Result<T>): T {
  if (result.ok) return result.value;
  throw new Error(`Cannot use ${path}: ${result.problem}`);
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
