/** The events of all runs that a viewer may see, of several clusters: in order for each of them. */
import type { History, HistoryEntry } from "../../bus/port.ts";
import { encodePositions, type Positions } from "../positions.ts";
import { readEvent, type ToldEvent } from "../read-event.ts";
import { sees, type Viewer } from "../viewer.ts";
import type { Frame } from "./frame.ts";
import { merge } from "./merge.ts";
import { withTicks } from "./with-ticks.ts";

const lookMilliseconds = 2000;

export interface AllEventsOptions {
  readonly events: Pick<History, "followAll" | "page">;
  readonly viewer: Viewer;
  /** Of each cluster that is read: the sequence behind which to begin. */
  readonly from: Positions;
  /** Of each cluster, where to stop; left out: it goes on with what comes. */
  readonly until?: Positions | undefined;
  readonly signal: AbortSignal;
}

export async function* streamAllEvents(options: AllEventsOptions): AsyncGenerator<Frame<ToldEvent>> {
  const { viewer, from, signal } = options;
  const positions = new Map(from);
  for await (const entry of merge([...from.keys()].map((cluster) => readCluster(cluster, options)))) {
    positions.set(entry.address.cluster, entry.sequence);
    const event = readEvent(entry, entry.address);
    if (event.ok && sees(viewer, event.value.data))
      yield { kind: "item", cursor: encodePositions(positions), item: event.value };
  }
  if (!signal.aborted) yield { kind: "end", end: { complete: true } };
}

async function* readCluster(cluster: string, options: AllEventsOptions): AsyncGenerator<HistoryEntry> {
  const { events, from, until, signal } = options;
  const after = from.get(cluster) ?? 0;
  const last = until === undefined ? Infinity : (until.get(cluster) ?? 0);
  if (after >= last) return;
  for await (const entry of withTicks(events.followAll(cluster, { after, signal }), lookMilliseconds)) {
    if (entry === undefined) {
      // Following waits for a broker that is away; who asked for what there is must not.
      if (until !== undefined) await events.page(cluster, { count: 1 });
      continue;
    }
    if (entry.sequence > last) return;
    yield entry;
    if (entry.sequence === last) return;
  }
}
