/**
 * A run's way to its cluster. Inputs are sealed to the cluster once; each order names their digest, is signed by the front
 * door and sealed as well. The agent opens both and obeys only what a front door it trusts has signed for this very run.
 */
import { base64url } from "jose";
import { ContainerInputs } from "../contract/container/inputs.ts";
import { decodeMessage, encodeMessage } from "../contract/decode.ts";
import type { RunAddress } from "../contract/names.ts";
import { refuse, succeed, type Result } from "../contract/result.ts";
import { RunOrder, type Run, type RunRequest } from "../contract/run.ts";
import { sealingAlgorithm, types } from "./algorithms.ts";
import { decryptCompact, encryptCompact, readHeader } from "./jwe.ts";
import { listKids, signCompact, verifyCompact } from "./jws.ts";
import type { AgentKeys, ClusterPublicKey, NamedKey, SigningKey } from "./keys.ts";

/** Seals inputs to a cluster: a compact JWE. Numbers keep their digits. */
export async function sealInputs(inputs: ContainerInputs, clusterKey: ClusterPublicKey): Promise<string> {
  return seal(encodeMessage(inputs), types.inputs, clusterKey);
}

/** Signs an order and seals it to a cluster: a compact JWS inside a compact JWE. */
export async function sealOrder(
  order: RunOrder,
  { signing, clusterKey }: { signing: SigningKey; clusterKey: ClusterPublicKey },
): Promise<string> {
  const signed = await signCompact(encodeMessage(order), types.signedOrder, signing);
  return seal(new TextEncoder().encode(signed), types.order, clusterKey);
}

async function seal(plaintext: Uint8Array, typ: string, { kid, key }: ClusterPublicKey): Promise<string> {
  return encryptCompact(plaintext, key, { alg: sealingAlgorithm, typ, kid });
}

/** Base64url of SHA-256 over sealed inputs: what an order names. */
export async function digestInputs(sealed: string): Promise<string> {
  return base64url.encode(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(sealed))));
}

/**
 * A run, or the sentence that says why it is refused, free of secrets. `order` is there when the order itself is sound
 * and meant for this run: then the refusal can be reported under the run's own key.
 */
export type OpenedRequest =
  | { readonly ok: true; readonly value: Run }
  | { readonly ok: false; readonly problem: string; readonly order?: RunOrder };

/** Opens a request that came on the subject of `address`. One that was meant for another subject is refused. */
export async function openRequest(
  request: RunRequest,
  { keys, address }: { keys: AgentKeys; address: RunAddress },
): Promise<OpenedRequest> {
  const order = await openOrder(request.order, { keys, address });
  if (!order.ok) return refuse(`Cannot open the order: ${order.problem}`);
  const inputs = await openInputs(request.inputs, { keys, order: order.value });
  if (!inputs.ok) return { ...refuse(`Cannot open the inputs: ${inputs.problem}`), order: order.value };
  return succeed({ order: order.value, inputs: inputs.value });
}

async function openOrder(
  sealed: string,
  { keys, address }: { keys: AgentKeys; address: RunAddress },
): Promise<Result<RunOrder>> {
  const signed = await unseal(sealed, types.order, keys.decryption);
  if (!signed.ok) return signed;
  const compact = new TextDecoder().decode(signed.value);
  const payload = await verifyCompact(compact, { trusted: keys.trusted, typ: types.signedOrder, what: "an order" });
  if (!payload.ok) return payload;
  const order = decodeMessage(RunOrder, payload.value);
  if (!order.ok) return order;
  const { cluster, runId } = order.value;
  if (cluster === address.cluster && runId === address.runId) return order;
  return refuse(
    `it is for run ${runId} in cluster ${cluster}, and came as run ${address.runId} in cluster ${address.cluster}`,
  );
}

async function openInputs(
  sealed: string,
  { keys, order }: { keys: AgentKeys; order: RunOrder },
): Promise<Result<ContainerInputs>> {
  if ((await digestInputs(sealed)) !== order.inputsDigest) return refuse("they are not those that the order names");
  const plaintext = await unseal(sealed, types.inputs, keys.decryption);
  return plaintext.ok ? decodeMessage(ContainerInputs, plaintext.value) : plaintext;
}

async function unseal(sealed: string, typ: string, keys: readonly NamedKey[]): Promise<Result<Uint8Array>> {
  const header = readHeader(sealed, { alg: sealingAlgorithm, typ });
  if (!header.ok) return header;
  const found = keys.find(({ kid }) => kid === header.value.kid);
  if (found === undefined) return refuse(`sealed to a key that this agent doesn't have; it has: ${listKids(keys)}`);
  const opened = await decryptCompact(sealed, found.key, sealingAlgorithm);
  return opened === undefined
    ? refuse(`changed on the way, or not sealed to the key ${found.kid}`)
    : succeed(opened.plaintext);
}
