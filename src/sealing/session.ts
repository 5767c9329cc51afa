/**
 * A browser's session, sealed so that only the front door can read it or make one up. The front door keeps none of them:
 * each says what it rests on, which is held against the configuration whenever it is shown. No token is in it.
 */
import * as v from "valibot";
import { decodeMessage, encodeMessage } from "../contract/decode.ts";
import { refuse, type Result } from "../contract/result.ts";
import { resultAlgorithm, types } from "./algorithms.ts";
import { decryptCompact, encryptCompact, readHeader } from "./jwe.ts";
import type { FrontDoorKeys, RunSecret } from "./keys.ts";
import { deriveBytes } from "./run-key.ts";

export const Session = v.object({
  v: v.literal(1),
  /** The kind of token that somebody has signed in with, and what its bearer is called. */
  kind: v.picklist(["token", "jwt", "orchestrator"]),
  name: v.string(),
  /** What it rests on: the token's SHA-256, or that of the configuration that had it accepted. */
  basis: v.string(),
  /** When it ends, milliseconds since 1970. */
  until: v.number(),
});
export type Session = v.InferOutput<typeof Session>;

const header = { alg: resultAlgorithm, typ: types.session } as const;

/** Seals under the newest secret. */
export async function sealSession(
  session: Session,
  { runSecrets: [newest] }: Pick<FrontDoorKeys, "runSecrets">,
): Promise<string> {
  return encryptCompact(encodeMessage(session), await deriveKey(newest), { ...header, kid: newest.id });
}

/** Opens what was sealed under any of the secrets. Its end is not looked at. */
export async function openSession(
  text: string,
  { runSecrets }: Pick<FrontDoorKeys, "runSecrets">,
): Promise<Result<Session>> {
  const read = readHeader(text, header);
  if (!read.ok) return read;
  const secret = runSecrets.find(({ id }) => id === read.value.kid);
  if (secret === undefined) return refuse("it is sealed under a secret that is not here any more");
  const opened = await decryptCompact(text, await deriveKey(secret), resultAlgorithm);
  return opened === undefined ? refuse("it was not sealed here") : decodeMessage(Session, opened.plaintext);
}

async function deriveKey(secret: RunSecret): Promise<Uint8Array> {
  return deriveBytes(secret, "container-driver/session/v1");
}
