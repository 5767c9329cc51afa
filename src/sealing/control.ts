/**
 * What is asked of a run on its way to the agent: signed by the front door, not sealed, as nothing in it is secret. Who may
 * write to the broker can hold a control back, but make none up, and none for another run.
 */
import { RunControl } from "../contract/control.ts";
import { decodeMessage, decodeUtf8, encodeMessage } from "../contract/decode.ts";
import type { RunAddress } from "../contract/names.ts";
import { refuse, type Result } from "../contract/result.ts";
import { types } from "./algorithms.ts";
import { signCompact, verifyCompact } from "./jws.ts";
import type { NamedKey, SigningKey } from "./keys.ts";

/** Signs a control: the bytes of a compact JWS. */
export async function signControl(control: RunControl, signing: SigningKey): Promise<Uint8Array> {
  return new TextEncoder().encode(await signCompact(encodeMessage(control), types.control, signing));
}

/** Opens a control that came on the subject of `address`. One that was meant for another run is refused. */
export async function openControl(
  bytes: Uint8Array,
  { trusted, address: { cluster, runId } }: { trusted: readonly NamedKey[]; address: RunAddress },
): Promise<Result<RunControl>> {
  const signed = decodeUtf8(bytes);
  if (!signed.ok) return signed;
  const payload = await verifyCompact(signed.value, { trusted, typ: types.control, what: "a control" });
  if (!payload.ok) return payload;
  const control = decodeMessage(RunControl, payload.value);
  if (!control.ok) return control;
  const { cluster: meantCluster, runId: meantRun } = control.value;
  if (meantCluster === cluster && meantRun === runId) return control;
  return refuse(`it is for run ${meantRun} in cluster ${meantCluster}`);
}
