/** A run by its id alone: every cluster's journal is asked, as the id doesn't say where the run is. */
import type { Entry, Journal } from "../bus/port.ts";
import { BusUnavailable } from "../bus/port.ts";
import { isTerminal } from "../contract/events.ts";
import type { RunAddress } from "../contract/names.ts";
import { askClusters } from "./ask-clusters.ts";
import { readEvent, type ToldEvent } from "./read-event.ts";
import { sees, type Viewer } from "./viewer.ts";

export interface FoundRun {
  readonly address: RunAddress;
  /** The run's last event, when it was looked for. */
  readonly last: Entry;
  readonly event: ToldEvent;
  readonly ended: boolean;
}

/**
 * Undefined where there is no such run, or none that this viewer may see: the two are told apart by nothing. Rejects with
 * `BusUnavailable` where a cluster that might have it can't be reached.
 */
export async function findRun(
  runId: string,
  { events, viewer }: { events: Pick<Journal, "last">; viewer: Viewer },
): Promise<FoundRun | undefined> {
  const { answers, unreachable } = await askClusters(viewer.clusters, (cluster) => events.last({ cluster, runId }));
  for (const { cluster, answer: last } of answers) {
    const address = { cluster, runId };
    const event = last && readEvent(last, address);
    if (last === undefined || event?.ok !== true) continue;
    if (!sees(viewer, { cluster, driver: event.value.data.driver })) continue;
    return { address, last, event: event.value, ended: isTerminal(event.value.data.phase) };
  }
  if (unreachable.length > 0)
    throw new BusUnavailable("find a run", { reason: `cluster ${unreachable.join(", ")} does not answer` });
  return undefined;
}
