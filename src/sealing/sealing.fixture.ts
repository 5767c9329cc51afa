/** Keys, a run and its sealed request, for the tests of this folder. */
import type { ContainerInputs } from "../contract/container/inputs.ts";
import type { RunAddress } from "../contract/names.ts";
import type { Result } from "../contract/result.ts";
import type { RunOrder, RunRequest } from "../contract/run.ts";
import {
  generateClusterKeys,
  generateFrontDoorKeys,
  getClusterPublicJwk,
  getFrontDoorPublicJwk,
  type ClusterKeyFile,
  type FrontDoorKeyFile,
} from "./key-files.ts";
import { importAgentKeys, importClusterPublicKey, importFrontDoorKeys } from "./keys.ts";
import type { AgentKeys, ClusterPublicKey, FrontDoorKeys } from "./keys.ts";
import { digestInputs, sealInputs, sealOrder } from "./request.ts";
import { deriveRunKey } from "./run-key.ts";

export const address: RunAddress = { cluster: "local", runId: "01jd0v8e3k7xw2m4n6p8q0r1s2" };
export const otherRunId = "01jd0v8e3k7xw2m4n6p8q0r1s3";
export const canary = "canary-4f1d0c9e";

export const inputs: ContainerInputs = {
  type: "postgres",
  resource: { name: canary },
  values: { job: { image: "runner", variables: { PLAIN: canary } } },
  secrets: { account: { password: canary }, job: { variables: { SECRET: canary } } },
};

/** Takes a value that has to be there. */
export function take<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(result.problem);
  return result.value;
}

export interface Parties {
  readonly frontDoorFile: FrontDoorKeyFile;
  readonly clusterFile: ClusterKeyFile;
  readonly frontDoor: FrontDoorKeys;
  readonly agent: AgentKeys;
  readonly clusterKey: ClusterPublicKey;
}

/** A front door and a cluster that know each other. */
export async function createParties(
  files: Partial<Pick<Parties, "frontDoorFile" | "clusterFile">> = {},
): Promise<Parties> {
  const { frontDoorFile = await generateFrontDoorKeys(), clusterFile = await generateClusterKeys() } = files;
  return {
    frontDoorFile,
    clusterFile,
    frontDoor: take(await importFrontDoorKeys(frontDoorFile)),
    agent: take(await importAgentKeys(clusterFile, [getFrontDoorPublicJwk(frontDoorFile)])),
    clusterKey: take(await importClusterPublicKey(getClusterPublicJwk(clusterFile))),
  };
}

/** An order for sealed inputs. */
export async function buildOrder(frontDoor: FrontDoorKeys, sealed: string): Promise<RunOrder> {
  const { id, key } = await deriveRunKey(frontDoor, address);
  return {
    v: 1,
    ...address,
    driver: "container",
    guresid: "3f786850e387550fdab836ed7e6dc881de23001b",
    type: "postgres",
    action: "create",
    runKey: key,
    runKeyId: id,
    inputsDigest: await digestInputs(sealed),
    requestedAt: "2026-11-20T12:00:00.000Z",
  };
}

/** A request as the front door sends it, and what is in it. */
export async function sealRequest(
  { frontDoor, clusterKey }: Parties,
  what = inputs,
): Promise<{ request: RunRequest; order: RunOrder }> {
  const sealed = await sealInputs(what, clusterKey);
  const order = await buildOrder(frontDoor, sealed);
  return {
    request: { v: 1, inputs: sealed, order: await sealOrder(order, { signing: frontDoor.signing, clusterKey }) },
    order,
  };
}

/** Changes one character of base64url so that the bytes change too, whatever padding bits there are. */
export function spoil(text: string, at: number): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const other = alphabet[alphabet.indexOf(text[at] ?? "") ^ 32] ?? "A";
  return text.slice(0, at) + other + text.slice(at + 1);
}

/** The place of each part of a compact serialisation, those that are empty left out. */
export function findParts(compact: string): { readonly part: number; readonly at: number }[] {
  let start = 0;
  return compact.split(".").flatMap((text, part) => {
    const at = start + Math.floor(text.length / 2);
    start += text.length + 1;
    return text === "" ? [] : [{ part, at }];
  });
}
