/** The keys and tokens that a driver under test is configured with, the private halves, and a stranger's keys. */
import type { webcrypto } from "node:crypto";
import { exportJWK, exportSPKI } from "jose";
import { hashToken, signWith, type Sign, type SigningAlgorithm } from "./sign.ts";

export interface Signer {
  readonly sign: Sign;
  readonly pair: webcrypto.CryptoKeyPair;
  /** The public half in the forms in which it is published. */
  readonly pem: string;
  readonly jwk: Readonly<Record<string, unknown>> & { readonly kty: string };
}

export interface Identities {
  readonly rsa: Signer;
  readonly pss: Signer;
  readonly ec: Signer;
  readonly ed: Signer;
  readonly orchestrator: Signer;
  /** A stranger's keys, of each kind. */
  readonly stranger: { readonly rsa: Signer; readonly ec: Signer; readonly ed: Signer };
  readonly staticToken: string;
  readonly issuer: string;
  readonly audience: string;
  readonly organization: string;
}

const rsa = (hash = "SHA-256") => ({
  name: "RSASSA-PKCS1-v1_5",
  modulusLength: 2048,
  publicExponent: Uint8Array.of(1, 0, 1),
  hash,
});

export async function createIdentities(): Promise<Identities> {
  const signRsa = "RSASSA-PKCS1-v1_5";
  const signEc = { name: "ECDSA", hash: "SHA-256" };
  const [ofRsa, ofPss, ofOrchestrator, ofStranger] = await Promise.all([
    createSigner(rsa(), signRsa, "rsa-1"),
    createSigner({ ...rsa(), name: "RSA-PSS" }, { name: "RSA-PSS", saltLength: 32 }, "pss-1"),
    createSigner(rsa(), signRsa),
    createSigner(rsa(), signRsa),
  ]);
  const ecKey = { name: "ECDSA", namedCurve: "P-256" };
  return {
    rsa: ofRsa,
    pss: { ...ofPss, jwk: { ...ofPss.jwk, alg: "PS256" } },
    ec: await createSigner(ecKey, signEc, "ec-1"),
    ed: await createSigner({ name: "Ed25519" }, "Ed25519"),
    orchestrator: ofOrchestrator,
    stranger: {
      rsa: ofStranger,
      ec: await createSigner(ecKey, signEc),
      ed: await createSigner({ name: "Ed25519" }, "Ed25519"),
    },
    staticToken: `cd_${crypto.randomUUID()}`,
    issuer: "https://identity.example",
    audience: "container-driver",
    organization: "acme",
  };
}

/** What the driver is configured with: every kind of authentication at once. */
export async function buildConfig({ rsa, pss, ec, ed, orchestrator, ...names }: Identities) {
  return {
    tokens: [
      { name: "other", sha256: await hashToken("another token") },
      { name: "ci", sha256: await hashToken(names.staticToken) },
    ],
    jwt: { keys: [rsa.jwk, pss.jwk, ec.jwk, ed.pem], issuer: names.issuer, audience: names.audience },
    orchestrator: { keys: [orchestrator.pem], organizations: [names.organization, "umbrella"] },
  };
}

async function createSigner(
  parameters: webcrypto.RsaHashedKeyGenParams | webcrypto.EcKeyGenParams | { name: "Ed25519" },
  signing: SigningAlgorithm,
  kid?: string,
): Promise<Signer> {
  const pair = (await crypto.subtle.generateKey(parameters, true, ["sign", "verify"])) as webcrypto.CryptoKeyPair;
  const { kty = "", ...rest } = await exportJWK(pair.publicKey);
  return {
    sign: signWith(signing, pair.privateKey),
    pair,
    pem: await exportSPKI(pair.publicKey),
    jwk: { ...rest, kty, ...(kid === undefined ? {} : { kid }) },
  };
}

/** The same RSA key with another padding or hash: what a forger can't do, but a careless signer can. */
export async function signDifferently(
  { pair }: Signer,
  key: { name: string; hash: string },
  signing: SigningAlgorithm,
): Promise<Sign> {
  const pkcs8 = await crypto.subtle.exportKey("pkcs8", pair.privateKey);
  return signWith(signing, await crypto.subtle.importKey("pkcs8", pkcs8, key, false, ["sign"]));
}
