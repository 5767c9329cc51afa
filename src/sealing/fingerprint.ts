/**
 * Fingerprints: is this the request that we had before? Keyed (HMAC-SHA256), as whoever reads the broker could otherwise
 * try passwords against a plain hash. `<id of the secret>.<mac>`, so that a new secret makes nothing look changed.
 */
import { base64url, type CryptoKey } from "jose";
import { stringifyCanonical, type JsonValue } from "../contract/json.ts";
import { findRunSecret, type FrontDoorKeys, type RunSecret } from "./keys.ts";
import { deriveBytes } from "./run-key.ts";

const separator = ".";

/** Computes the fingerprint of a value with the newest secret. */
export async function computeFingerprint(
  value: JsonValue,
  { runSecrets: [newest] }: Pick<FrontDoorKeys, "runSecrets">,
): Promise<string> {
  const mac = await crypto.subtle.sign("HMAC", await deriveMacKey(newest), encodeValue(value));
  return `${newest.id}${separator}${base64url.encode(new Uint8Array(mac))}`;
}

/** Whether a fingerprint is this value's. Throws `RunSecretMissing` when it was made with a secret that is not here. */
export async function matchesFingerprint(
  value: JsonValue,
  fingerprint: string,
  keys: Pick<FrontDoorKeys, "runSecrets">,
): Promise<boolean> {
  const [id = "", mac = ""] = fingerprint.split(separator, 2);
  const secret = findRunSecret(keys, id);
  if (!/^[A-Za-z0-9_-]{43}$/.test(mac)) return false;
  return crypto.subtle.verify(
    "HMAC",
    await deriveMacKey(secret),
    new Uint8Array(base64url.decode(mac)),
    encodeValue(value),
  );
}

/** Derived once: every request is compared with a fingerprint. */
const macKeys = new WeakMap<RunSecret, CryptoKey>();

async function deriveMacKey(secret: RunSecret): Promise<CryptoKey> {
  const known = macKeys.get(secret);
  if (known !== undefined) return known;
  const bytes = await deriveBytes(secret, "container-driver/fingerprint/v1");
  const key = await crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign", "verify"]);
  macKeys.set(secret, key);
  return key;
}

function encodeValue(value: JsonValue) {
  return new TextEncoder().encode(stringifyCanonical(value));
}
