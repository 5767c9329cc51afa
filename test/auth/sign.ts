/** Makes tokens byte by byte, right and wrong ones: no library that would refuse to. Web standards only. */
import type { webcrypto } from "node:crypto";
import { base64url, type CryptoKey } from "jose";

export type Sign = (signed: Uint8Array<ArrayBuffer>) => Promise<Uint8Array>;

/** One part of a token: an object, or text that JSON.stringify would never write, or bytes. */
export type Part = object | string | Uint8Array;

const encoder = new TextEncoder();

export function encodePart(part: Part): string {
  if (part instanceof Uint8Array) return base64url.encode(part);
  return base64url.encode(encoder.encode(typeof part === "string" ? part : JSON.stringify(part)));
}

export async function buildToken(header: Part, payload: Part, sign: Sign): Promise<string> {
  const signed = `${encodePart(header)}.${encodePart(payload)}`;
  return `${signed}.${base64url.encode(await sign(encoder.encode(signed)))}`;
}

export type SigningAlgorithm = string | webcrypto.EcdsaParams | webcrypto.RsaPssParams;

/** Signs with a key as WebCrypto has it. */
export function signWith(algorithm: SigningAlgorithm, key: CryptoKey): Sign {
  return async (signed) => new Uint8Array(await crypto.subtle.sign(algorithm, key, signed));
}

/** An HMAC over a secret that everybody knows, such as a public key. */
export function signWithSecret(secret: string | Uint8Array, hash: string): Sign {
  const bytes = new Uint8Array(typeof secret === "string" ? encoder.encode(secret) : secret);
  return async (signed) => {
    const key = await crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash }, false, ["sign"]);
    return new Uint8Array(await crypto.subtle.sign("HMAC", key, signed));
  };
}

/** A signature that is always the same. */
export function signAs(bytes: Uint8Array): Sign {
  return async () => bytes;
}

export async function hashToken(token: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", encoder.encode(token)));
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
