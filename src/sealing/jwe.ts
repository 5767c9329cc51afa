/**
 * Compact JWE (RFC 7516) as we use it: one key management and one content encryption algorithm, a `typ` that says what
 * is inside, nothing compressed (what a secret compresses to tells about it).
 */
import {
  CompactEncrypt,
  compactDecrypt,
  decodeProtectedHeader,
  type CompactJWEHeaderParameters,
  type CryptoKey,
} from "jose";
import { check } from "../contract/decode.ts";
import { refuse, succeed, type Result } from "../contract/result.ts";
import * as v from "valibot";
import { contentEncryption, type KeyManagement } from "./algorithms.ts";

/** What our headers have in common. `zip` and `crit` are extensions that we don't speak. */
const Header = v.object({
  alg: v.string(),
  enc: v.literal(contentEncryption, `must be ${contentEncryption}`),
  typ: v.string(),
  kid: v.string(),
  zip: v.optional(v.never()),
  crit: v.optional(v.never()),
});

export async function encryptCompact(
  plaintext: Uint8Array,
  key: CryptoKey | Uint8Array,
  header: { readonly alg: KeyManagement; readonly typ: string; readonly kid: string } & Record<string, string>,
): Promise<string> {
  const full: CompactJWEHeaderParameters = { ...header, enc: contentEncryption };
  return new CompactEncrypt(plaintext).setProtectedHeader(full).encrypt(key);
}

/**
 * Reads the header of a JWE, which nobody vouches for until it is decrypted: the `kid` says which key to try.
 * Anything but the expected algorithm and type is refused.
 */
export function readHeader(
  jwe: string,
  expected: { readonly alg: KeyManagement; readonly typ: string },
): Result<{ kid: string }> {
  let raw: unknown;
  try {
    raw = decodeProtectedHeader(jwe);
  } catch {
    return refuse("it is not a compact JWE");
  }
  const header = check(Header, raw);
  if (!header.ok) return refuse(`its header is not ours: ${header.problem}`);
  const { alg, typ, kid } = header.value;
  return alg === expected.alg && typ === expected.typ
    ? succeed({ kid })
    : refuse(`its header doesn't say alg ${expected.alg} and typ ${expected.typ}`);
}

/** Decrypts; undefined when the key is another one or anything was changed: which of them can't be told, and isn't. */
export async function decryptCompact(
  jwe: string,
  key: CryptoKey | Uint8Array,
  alg: KeyManagement,
): Promise<{ plaintext: Uint8Array; header: Readonly<Record<string, unknown>> } | undefined> {
  try {
    const { plaintext, protectedHeader } = await compactDecrypt(jwe, key, {
      keyManagementAlgorithms: [alg],
      contentEncryptionAlgorithms: [contentEncryption],
      maxDecompressedLength: 0,
    });
    return { plaintext, header: protectedHeader };
  } catch {
    return undefined;
  }
}
