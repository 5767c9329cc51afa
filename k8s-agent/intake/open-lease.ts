/** From the bytes of a request to a run that a front door which we trust has ordered, for this cluster, not long ago. */
import type { Lease } from "../../src/bus/port.ts";
import { decodeMessage } from "../../src/contract/decode.ts";
import { describeLimit, limits } from "../../src/contract/limits.ts";
import { refuse } from "../../src/contract/result.ts";
import { RunRequest } from "../../src/contract/run.ts";
import type { AgentKeys } from "../../src/sealing/keys.ts";
import { openRequest, type OpenedRequest } from "../../src/sealing/request.ts";

const dayMilliseconds = 24 * 3600 * 1000;

export async function openLease(
  lease: Lease,
  { keys, now }: { keys: AgentKeys; now: () => Date },
): Promise<OpenedRequest> {
  const request = decodeMessage(RunRequest, lease.data);
  if (!request.ok) return refuse(`Cannot read the request: ${request.problem}`);
  const opened = await openRequest(request.value, { keys, address: lease.address });
  if (!opened.ok) return opened;
  // A message that somebody kept: its events may have expired, so that nothing else says that it was carried out before.
  const age = (now().getTime() - Date.parse(opened.value.order.requestedAt)) / dayMilliseconds;
  if (age <= limits.requestDays) return opened;
  return {
    ...refuse(`Cannot carry out the request: ${describeLimit("it", Math.floor(age), limits.requestDays, "days old")}`),
    order: opened.value.order,
  };
}
