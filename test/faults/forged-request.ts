/** Requests as somebody would make them who may publish to the queue, with keys that are right, stolen or made up. */
import { join } from "node:path";
import { ulid } from "ulid";
import { jetstreamManager } from "@nats-io/jetstream";
import { readClusterKeys, readFrontDoorKeys } from "../../adapters/node/local-files.ts";
import { demand } from "../../adapters/node/run.ts";
import type { ContainerInputs } from "../../src/contract/container/inputs.ts";
import { encodeMessage } from "../../src/contract/decode.ts";
import type { RunAddress } from "../../src/contract/names.ts";
import type { RunOrder, RunRequest } from "../../src/contract/run.ts";
import { buildStreamName } from "../../src/contract/streams.ts";
import { buildSubject } from "../../src/contract/subjects.ts";
import { getClusterPublicJwk } from "../../src/sealing/key-files.ts";
import { importClusterPublicKey, importFrontDoorKeys } from "../../src/sealing/keys.ts";
import type { ClusterPublicKey, FrontDoorKeys } from "../../src/sealing/keys.ts";
import { digestInputs, sealInputs, sealOrder } from "../../src/sealing/request.ts";
import { deriveRunKey } from "../../src/sealing/run-key.ts";
import { createGuresid } from "../support/driver-client.ts";
import { buildCountedRequest } from "./counted-run.ts";
import { cluster, type Stage } from "./stage.ts";

export interface Keys {
  readonly frontDoor: FrontDoorKeys;
  readonly clusterKey: ClusterPublicKey;
}

/** The keys that the stage's programs use. */
export async function readKeys({ directory }: Stage): Promise<Keys> {
  const local = join(directory, ".local");
  return importKeys(await readFrontDoorKeys(local), getClusterPublicJwk(await readClusterKeys(local, cluster)));
}

export async function importKeys(frontDoorFile: unknown, clusterJwk: unknown): Promise<Keys> {
  return {
    frontDoor: demand(await importFrontDoorKeys(frontDoorFile)),
    clusterKey: demand(await importClusterPublicKey(clusterJwk)),
  };
}

export function createAddress(): RunAddress {
  return { cluster, runId: ulid().toLowerCase() };
}

/** A request for a counted run, whole and right but for the keys and what is changed in the order. */
export async function forgeRequest(
  { witness }: Stage,
  { frontDoor, clusterKey }: Keys,
  order: Partial<RunOrder> & RunAddress,
): Promise<RunRequest> {
  const { type, resource, driver } = buildCountedRequest({ witness, label: "forged" });
  const inputs: ContainerInputs = { type, resource, values: driver.values, secrets: driver.secrets };
  const sealed = await sealInputs(inputs, clusterKey);
  const { id, key } = await deriveRunKey(frontDoor, order);
  const whole: RunOrder = {
    v: 1,
    driver: "container",
    guresid: createGuresid(),
    type,
    action: "create",
    runKey: key,
    runKeyId: id,
    inputsDigest: await digestInputs(sealed),
    requestedAt: new Date().toISOString(),
    ...order,
  };
  return { v: 1, order: await sealOrder(whole, { signing: frontDoor.signing, clusterKey }), inputs: sealed };
}

/** Puts a message on the queue, whatever is there already. */
export async function publishRequest({ connection }: Stage, address: RunAddress, data: Uint8Array | object) {
  const bytes = data instanceof Uint8Array ? data : encodeMessage(data);
  await connection.request(buildSubject("requests", address), bytes, { timeout: 5000 });
}

/** The request that is queued for a run, as it is. */
export async function readRequest({ connection }: Stage, address: RunAddress): Promise<Uint8Array> {
  const { streams } = await jetstreamManager(connection);
  const found = await streams.getMessage(buildStreamName("requests", cluster), {
    last_by_subj: buildSubject("requests", address),
  });
  if (found === null) throw new Error(`Cannot read the request of run ${address.runId}: there is none`);
  return found.data;
}

/** Takes a request off the queue, as nobody of ours would. */
export async function removeRequest({ connection }: Stage, address: RunAddress): Promise<void> {
  const { streams } = await jetstreamManager(connection);
  await streams.purge(buildStreamName("requests", cluster), { filter: buildSubject("requests", address) });
}
