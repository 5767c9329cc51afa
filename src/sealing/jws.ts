/** Compact JWS (RFC 7515) as we use it: one algorithm, a `typ` that says what is signed, keys that were pinned before. */
import { CompactSign, compactVerify, decodeProtectedHeader } from "jose";
import { refuse, succeed, type Result } from "../contract/result.ts";
import { signingAlgorithm } from "./algorithms.ts";
import type { NamedKey, SigningKey } from "./keys.ts";

/** Signs bytes: a compact JWS. */
export async function signCompact(payload: Uint8Array, typ: string, { kid, key }: SigningKey): Promise<string> {
  return new CompactSign(payload).setProtectedHeader({ alg: signingAlgorithm, typ, kid }).sign(key);
}

/** What was signed, if a front door that is trusted has signed it as `typ`. `what` names that in the refusal: "an order". */
export async function verifyCompact(
  signed: string,
  { trusted, typ, what }: { trusted: readonly NamedKey[]; typ: string; what: string },
): Promise<Result<Uint8Array>> {
  const signer = findSigner(signed, trusted);
  if (!signer.ok) return signer;
  try {
    const { payload, protectedHeader } = await compactVerify(signed, signer.value.key, {
      algorithms: [signingAlgorithm],
    });
    return protectedHeader.typ === typ ? succeed(payload) : refuse(`what is signed is not ${what}`);
  } catch {
    return refuse(`its signature is not that of the front door ${signer.value.kid}`);
  }
}

function findSigner(signed: string, trusted: readonly NamedKey[]): Result<NamedKey> {
  let kid: unknown;
  try {
    ({ kid } = decodeProtectedHeader(signed));
  } catch {
    return refuse("it is not signed");
  }
  const signer = trusted.find((candidate) => candidate.kid === kid);
  if (signer !== undefined) return succeed(signer);
  return refuse(`it is signed by a front door that this agent doesn't trust; trusted: ${listKids(trusted)}`);
}

/** The keys that there are, for a refusal. */
export function listKids(keys: readonly NamedKey[]): string {
  return keys.map(({ kid }) => kid).join(", ") || "none";
}
