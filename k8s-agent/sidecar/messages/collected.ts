/**
 * What the collector prints: one line, a compact JWE under a key that only the run's own agent can derive again. Whoever
 * reads the cluster's logs learns nothing but its length, and can't make one.
 */
import { base64url } from "jose";
import * as v from "valibot";
import { decodeMessage, encodeMessage } from "../../../src/contract/decode.ts";
import { limits } from "../../../src/contract/limits.ts";
import { Outputs } from "../../../src/contract/outputs.ts";
import { refuse, type Result } from "../../../src/contract/result.ts";
import { resultAlgorithm, types } from "../../../src/sealing/algorithms.ts";
import { decryptCompact, encryptCompact, readHeader } from "../../../src/sealing/jwe.ts";
import { errorReadBytes, type Collected } from "../../launch/launcher.ts";

const CollectedMessage = v.object({
  outputs: v.variant("ok", [
    v.object({ ok: v.literal(true), value: Outputs }),
    v.object({ ok: v.literal(false), problem: v.string() }),
  ]),
  errorText: v.string(),
  errorBytes: v.number(),
}) satisfies v.GenericSchema<unknown, Collected>;

/** Around the outputs and the error's text: names, brackets, the header. */
const envelopeBytes = 1024;

/**
 * The longest line, bytes: outputs at their limit, an error text of control characters, each of which is six bytes in JSON,
 * and base64. A reader that has met more without a line break can stop.
 */
export const mostLineBytes = Math.ceil(((limits.outputsBytes + 6 * errorReadBytes + envelopeBytes) * 4) / 3);

const header = { alg: resultAlgorithm, typ: types.collected, kid: "collector" } as const;

/** Seals what was collected: one line, without its line break. `key`: see `deriveCollectorKey`. */
export async function sealCollected(collected: Collected, key: string): Promise<string> {
  return encryptCompact(encodeMessage(collected), base64url.decode(key), header);
}

/** Opens a line of the collector's log. Refused in a sentence without secrets: it is no such line, or not of this run. */
export async function openCollected(line: string, key: string): Promise<Result<Collected>> {
  const problem = "Cannot open what the collector printed:";
  const found = readHeader(line, header);
  if (!found.ok) return refuse(`${problem} ${found.problem}`);
  const opened = await decryptCompact(line, base64url.decode(key), resultAlgorithm);
  if (opened === undefined) return refuse(`${problem} it is another run's, or was changed on the way`);
  const decoded = decodeMessage(CollectedMessage, opened.plaintext);
  return decoded.ok ? decoded : refuse(`${problem} ${decoded.problem}`);
}
