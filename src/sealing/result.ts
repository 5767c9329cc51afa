/**
 * A run's result on its way back: sealed under the run's key, bound to run, cluster and event type by the protected
 * header (which is A256GCM's additional data). Whoever doesn't have the run's key can neither read nor forge it.
 */
import { base64url } from "jose";
import { decodeMessage, encodeMessage } from "../contract/decode.ts";
import { RunResult } from "../contract/events.ts";
import type { RunAddress } from "../contract/names.ts";
import { refuse, type Result } from "../contract/result.ts";
import type { RunOrder } from "../contract/run.ts";
import { resultAlgorithm, types } from "./algorithms.ts";
import { decryptCompact, encryptCompact, readHeader } from "./jwe.ts";
import type { RunSecret } from "./keys.ts";
import { deriveRunKeyBytes } from "./run-key.ts";

/** What the agent seals with: the run's order, and the type of the event that carries the result. */
export type ResultSeal = Pick<RunOrder, "runId" | "cluster" | "runKey" | "runKeyId"> & { readonly type: string };

/** Seals a result for the terminal event of that type: a compact JWE. */
export async function sealResult(
  result: RunResult,
  { runId, cluster, runKey, runKeyId, type }: ResultSeal,
): Promise<string> {
  const header = { alg: resultAlgorithm, typ: types.result, kid: runKeyId, runId, cluster, event: type } as const;
  return encryptCompact(encodeMessage(result), base64url.decode(runKey), header);
}

/** The id of the secret that a result says it was sealed under; undefined where it is none. Nobody vouches for it. */
export function readResultSecret(sealed: string): string | undefined {
  const header = readHeader(sealed, { alg: resultAlgorithm, typ: types.result });
  return header.ok ? header.value.kid : undefined;
}

/** Opens a result that is expected of this run, as the event of that type. Refused in a sentence without secrets. */
export async function openResult(
  sealed: string,
  { type, secrets, ...address }: RunAddress & { type: string; secrets: readonly RunSecret[] },
): Promise<Result<RunResult>> {
  const opened = await openText(sealed, { address, type, secrets });
  return opened.ok ? opened : refuse(`Cannot open the result of run ${address.runId}: ${opened.problem}`);
}

async function openText(
  sealed: string,
  { address: { runId, cluster }, type, secrets }: { address: RunAddress; type: string; secrets: readonly RunSecret[] },
): Promise<Result<RunResult>> {
  const header = readHeader(sealed, { alg: resultAlgorithm, typ: types.result });
  if (!header.ok) return header;
  const secret = secrets.find(({ id }) => id === header.value.kid);
  if (secret === undefined) {
    return refuse(
      `sealed with a run secret that is not here; known: ${secrets.map(({ id }) => id).join(", ") || "none"}`,
    );
  }
  const opened = await decryptCompact(sealed, await deriveRunKeyBytes(secret, { runId, cluster }), resultAlgorithm);
  if (opened === undefined) return refuse("it is another run's, or was changed on the way");
  const bound = opened.header;
  if (bound["runId"] !== runId || bound["cluster"] !== cluster || bound["event"] !== type) {
    return refuse(`it was not sealed as the ${type} of run ${runId} in cluster ${cluster}`);
  }
  return decodeMessage(RunResult, opened.plaintext);
}
