/**
 * The keys of both programs, ready for use: `CryptoKey`s that can't be exported again. A `kid` is checked at import, so that
 * it can't name another key. How they are kept: key-files.ts.
 */
import * as v from "valibot";
import { base64url, calculateJwkThumbprint, importJWK, type CryptoKey } from "jose";
import { check } from "../contract/decode.ts";
import { refuse, succeed, type Result } from "../contract/result.ts";
import { sealingAlgorithm, signingAlgorithm } from "./algorithms.ts";
import { ClusterKeyFile, ClusterPublicJwk, FrontDoorKeyFile, FrontDoorPublicJwk } from "./key-files.ts";

/** A key and its thumbprint. */
export interface NamedKey {
  readonly kid: string;
  readonly key: CryptoKey;
}
export type ClusterPublicKey = NamedKey;
export type SigningKey = NamedKey;

/** A secret of the front door, from which keys of runs and of fingerprints are derived. */
export interface RunSecret {
  readonly id: string;
  /** For HKDF only. */
  readonly key: CryptoKey;
}

export interface FrontDoorKeys {
  readonly signing: SigningKey;
  /** Newest first: it is the one in use. */
  readonly runSecrets: readonly [RunSecret, ...RunSecret[]];
}

/**
 * Something was recorded under a run secret that this front door has not been given (or not yet). What it says can't be told
 * from here, and a guess could run a resource twice, or call a run lost that isn't.
 */
export class RunSecretMissing extends Error {
  constructor(id: string, secrets: readonly RunSecret[]) {
    const known = secrets.map((secret) => secret.id).join(", ");
    super(
      `This front door doesn't have the run secret ${JSON.stringify(id.slice(0, 64))}, only ${known}: give it the newest FRONT_DOOR_KEYS`,
    );
  }
}

/** Throws `RunSecretMissing`. */
export function findRunSecret({ runSecrets }: Pick<FrontDoorKeys, "runSecrets">, id: string): RunSecret {
  const secret = runSecrets.find((candidate) => candidate.id === id);
  if (secret === undefined) throw new RunSecretMissing(id, runSecrets);
  return secret;
}

export interface AgentKeys {
  /** The cluster's private keys, newest first. */
  readonly decryption: readonly NamedKey[];
  /** Public keys of the front doors whose orders are obeyed. */
  readonly trusted: readonly NamedKey[];
}

/** Reads the front door's key file (parsed JSON). */
export async function importFrontDoorKeys(file: unknown): Promise<Result<FrontDoorKeys>> {
  const checked = check(FrontDoorKeyFile, file);
  if (!checked.ok) return checked;
  const signing = await importKey(checked.value.signing, signingAlgorithm);
  if (!signing.ok) return signing;
  const [newest, ...older] = await Promise.all(checked.value.runSecrets.map(importRunSecret));
  return newest === undefined
    ? refuse("it has no run secret")
    : succeed({ signing: signing.value, runSecrets: [newest, ...older] });
}

/** Reads a cluster's key file and the public keys of the front doors that its agent obeys (parsed JSON each). */
export async function importAgentKeys(file: unknown, frontDoors: readonly unknown[]): Promise<Result<AgentKeys>> {
  const checked = check(ClusterKeyFile, file);
  if (!checked.ok) return checked;
  const trustedJwks = check(v.array(FrontDoorPublicJwk), frontDoors);
  if (!trustedJwks.ok) return trustedJwks;
  const decryption = await importAll(checked.value.keys, sealingAlgorithm);
  if (!decryption.ok) return decryption;
  const trusted = await importAll(trustedJwks.value, signingAlgorithm);
  return trusted.ok ? succeed({ decryption: decryption.value, trusted: trusted.value }) : trusted;
}

/** Reads a cluster's public key (parsed JSON). */
export async function importClusterPublicKey(jwk: unknown): Promise<Result<ClusterPublicKey>> {
  const checked = check(ClusterPublicJwk, jwk);
  return checked.ok ? importKey(checked.value, sealingAlgorithm) : checked;
}

type Jwk = (FrontDoorPublicJwk | ClusterPublicJwk) & { readonly d?: string };

async function importAll(jwks: readonly Jwk[], algorithm: string): Promise<Result<NamedKey[]>> {
  const keys: NamedKey[] = [];
  for (const jwk of jwks) {
    const imported = await importKey(jwk, algorithm);
    if (!imported.ok) return imported;
    keys.push(imported.value);
  }
  return succeed(keys);
}

async function importKey(jwk: Jwk, algorithm: string): Promise<Result<NamedKey>> {
  const kid = await calculateJwkThumbprint(jwk);
  if (kid !== jwk.kid) return refuse(`the key ${jwk.kid} has the thumbprint ${kid}: its kid must be that`);
  try {
    const key = await importJWK(jwk, algorithm, { extractable: false });
    // Only symmetric JWKs come back as bytes, and the schemas take none.
    return key instanceof Uint8Array ? refuse(`the key ${kid} is not a public or private key`) : succeed({ kid, key });
  } catch {
    // What WebCrypto says differs between runtimes, and may quote the key.
    return refuse(`the key ${kid} can't be used: its private half doesn't go with its public half, or it is no key`);
  }
}

async function importRunSecret({ id, secret }: { id: string; secret: string }): Promise<RunSecret> {
  const bytes = new Uint8Array(base64url.decode(secret));
  return { id, key: await crypto.subtle.importKey("raw", bytes, "HKDF", false, ["deriveBits"]) };
}
