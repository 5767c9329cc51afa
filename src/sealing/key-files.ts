/**
 * Keys as files: JSON with JWKs (RFC 7517), newest first. A `kid` is the key's RFC 7638 thumbprint. Curves are fixed:
 * Ed25519 to sign, X25519 to seal (RFC 8037), both in WebCrypto on every runtime.
 */
import * as v from "valibot";
import { base64url, calculateJwkThumbprint, exportJWK, generateKeyPair } from "jose";
import { sealingAlgorithm, signingAlgorithm } from "./algorithms.ts";

/** 32 bytes in base64url: every key here is of that size. */
const KeyText = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{43}$/, "must be 32 bytes in base64url"));

const signingJwk = { kty: v.literal("OKP"), crv: v.literal("Ed25519"), kid: KeyText, x: KeyText };
const sealingJwk = { kty: v.literal("OKP"), crv: v.literal("X25519"), kid: KeyText, x: KeyText };

/** The front door's public key, which agents pin. */
export const FrontDoorPublicJwk = v.object(signingJwk);
export type FrontDoorPublicJwk = v.InferOutput<typeof FrontDoorPublicJwk>;
/** A cluster's public key, which the front door pins. */
export const ClusterPublicJwk = v.object(sealingJwk);
export type ClusterPublicJwk = v.InferOutput<typeof ClusterPublicJwk>;

/** What a secret of the front door is called: the first part of fingerprints, the `kid` of results. */
export const SecretId = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9_-]{1,64}$/, "must be 1 to 64 of A-Z, a-z, 0-9, '-' and '_'"),
);

/** The front door's keys as a file. Run secrets are newest first; older ones open what was sealed before. */
export const FrontDoorKeyFile = v.strictObject({
  v: v.literal(1),
  signing: v.strictObject({ ...signingJwk, d: KeyText }),
  runSecrets: v.pipe(
    v.array(v.strictObject({ id: SecretId, secret: KeyText })),
    v.minLength(1, "must hold a secret"),
    v.check((secrets) => new Set(secrets.map(({ id }) => id)).size === secrets.length, "must have distinct ids"),
  ),
});
export type FrontDoorKeyFile = v.InferOutput<typeof FrontDoorKeyFile>;

/** A cluster's private keys as a file, newest first; requests that are queued may still be sealed to an older one. */
export const ClusterKeyFile = v.strictObject({
  v: v.literal(1),
  keys: v.pipe(v.array(v.strictObject({ ...sealingJwk, d: KeyText })), v.minLength(1, "must hold a key")),
});
export type ClusterKeyFile = v.InferOutput<typeof ClusterKeyFile>;

export async function generateFrontDoorKeys(): Promise<FrontDoorKeyFile> {
  return { v: 1, signing: await generateSigningJwk(), runSecrets: [generateRunSecret()] };
}

export async function generateClusterKeys(): Promise<ClusterKeyFile> {
  return { v: 1, keys: [await generateSealingJwk()] };
}

/** Adds a run secret and puts it in use. Drop old ones only when no resource's record names them any more. */
export function rotateRunSecret(file: FrontDoorKeyFile): FrontDoorKeyFile {
  return { ...file, runSecrets: [generateRunSecret(), ...file.runSecrets] };
}

/** Replaces the signing key: every agent must trust the new one before it is put in use. */
export async function rotateSigningKey(file: FrontDoorKeyFile): Promise<FrontDoorKeyFile> {
  return { ...file, signing: await generateSigningJwk() };
}

/**
 * Adds a private key and puts it first. Every replica must have it before the front door is given its public half. An
 * old one is needed as long as the front door keeps inputs that are sealed to it: for a resource's whole life.
 */
export async function rotateClusterKeys(file: ClusterKeyFile): Promise<ClusterKeyFile> {
  return { ...file, keys: [await generateSealingJwk(), ...file.keys] };
}

/** The half that agents may see. */
export function getFrontDoorPublicJwk({ signing: { kty, crv, kid, x } }: FrontDoorKeyFile): FrontDoorPublicJwk {
  return { kty, crv, kid, x };
}

/** The half of the newest key that the front door may see. */
export function getClusterPublicJwk({ keys: [newest] }: ClusterKeyFile): ClusterPublicJwk {
  if (newest === undefined) throw new Error("Cannot name the cluster's public key: the file holds no key");
  const { kty, crv, kid, x } = newest;
  return { kty, crv, kid, x };
}

function generateRunSecret(): { id: string; secret: string } {
  return { id: generateText(9), secret: generateText(32) };
}

function generateText(bytes: number): string {
  return base64url.encode(crypto.getRandomValues(new Uint8Array(bytes)));
}

async function generateSigningJwk(): Promise<FrontDoorKeyFile["signing"]> {
  const jwk = await generateJwk(signingAlgorithm);
  return v.parse(FrontDoorKeyFile.entries.signing, jwk);
}

async function generateSealingJwk(): Promise<ClusterKeyFile["keys"][number]> {
  const jwk = await generateJwk(sealingAlgorithm, "X25519");
  return v.parse(v.strictObject({ ...sealingJwk, d: KeyText }), jwk);
}

async function generateJwk(algorithm: string, crv?: string): Promise<unknown> {
  const options = crv === undefined ? {} : { crv };
  const { privateKey } = await generateKeyPair(algorithm, { extractable: true, ...options });
  const { kty, crv: curve, x, d } = await exportJWK(privateKey);
  return { kty, crv: curve, kid: await calculateJwkThumbprint({ kty: "OKP", crv: curve ?? "", x: x ?? "" }), x, d };
}
