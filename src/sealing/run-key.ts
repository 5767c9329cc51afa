/**
 * The key of a run, under which its results come back. Derived (HKDF-SHA256, RFC 5869) from a secret of the front door
 * and the run's address, as often as it is needed; only the agent that the order is sealed to sees it.
 */
import { base64url } from "jose";
import type { RunAddress } from "../contract/names.ts";
import type { FrontDoorKeys, RunSecret } from "./keys.ts";

/** A run's key, base64url of 32 bytes, and the id of the secret that it comes from. */
export interface RunKey {
  readonly id: string;
  readonly key: string;
}

/** Derives the key of a new run, from the newest secret. */
export async function deriveRunKey(
  { runSecrets: [newest] }: Pick<FrontDoorKeys, "runSecrets">,
  address: RunAddress,
): Promise<RunKey> {
  return { id: newest.id, key: base64url.encode(await deriveRunKeyBytes(newest, address)) };
}

export async function deriveRunKeyBytes(secret: RunSecret, { cluster, runId }: RunAddress): Promise<Uint8Array> {
  // Neither name can hold a slash, so that no two addresses have one text.
  return deriveBytes(secret, `container-driver/run-key/v1/${cluster}/${runId}`);
}

/** 32 bytes for one purpose; different purposes give unrelated bytes. */
export async function deriveBytes({ key }: Pick<RunSecret, "key">, purpose: string): Promise<Uint8Array<ArrayBuffer>> {
  const info = new TextEncoder().encode(purpose);
  const parameters = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info };
  return new Uint8Array(await crypto.subtle.deriveBits(parameters, key, 256));
}
