/** A run in full, put together from its events. */
import type { Journal } from "../bus/port.ts";
import { isTerminal } from "../contract/events.ts";
import type { RunDetails } from "../contract/runs-api/run-details.ts";
import type { RunSummary } from "../contract/runs-api/run-summary.ts";
import { addPhase, applyRunEvent } from "./apply-run-event.ts";
import type { FoundRun } from "./find-run.ts";
import { readEntries } from "./stream/read-entries.ts";
import { readEvent, type ToldEvent } from "./read-event.ts";

/** From the first event of a run that is kept, and its last one. */
export function summarize(first: ToldEvent, last: ToldEvent): RunSummary {
  const { runId, cluster, driver, guresid, type, action, phase, failure } = last.data;
  return {
    id: runId,
    status: phase,
    cluster,
    driver,
    guresid,
    type,
    action,
    requestedAt: first.time,
    ...(isTerminal(phase) ? { endedAt: last.time } : {}),
    ...(failure === undefined ? {} : { reason: failure.reason }),
  };
}

/** What one answer reads: a run has about ten events. What is behind that is left out, but for the last one. */
const mostEntries = 4096;
const mostBytes = 16 * 1024 * 1024;

export interface DescribeOptions {
  readonly events: Pick<Journal, "follow" | "last">;
  /** Whether its cluster has nobody who could take it; asked only while nobody has. */
  readonly isWaiting: () => Promise<boolean>;
  readonly signal: AbortSignal;
}

/** Undefined where nothing is kept of it any more. One event is held at a time, however many there are. */
export async function describeRun(run: FoundRun, options: DescribeOptions): Promise<RunDetails | undefined> {
  let details: RunDetails | undefined;
  for await (const event of readStory(run, options)) details = applyRunEvent(details ?? beginDetails(event), event);
  if (details === undefined) return undefined;
  return { ...details, waiting: details.status === "requested" && (await options.isWaiting()) };
}

function beginDetails(first: ToldEvent): RunDetails {
  return { ...summarize(first, first), phases: [], waiting: true, warnings: [] };
}

async function* readStory(
  { address, last, event: final }: FoundRun,
  { events, signal }: DescribeOptions,
): AsyncGenerator<ToldEvent> {
  let entries = 0;
  let bytes = 0;
  for await (const entry of readEntries(events, address, { after: 0, last: last.sequence, signal })) {
    const event = readEvent(entry, address);
    if (event.ok) yield event.value;
    entries++;
    bytes += entry.data.length;
    if (entry.sequence >= last.sequence || (entries < mostEntries && bytes < mostBytes)) continue;
    const warning = `Not all of this run's events are shown: only the first ${entries}, ${bytes} bytes, and the last one`;
    return yield { ...final, data: { ...final.data, warning } };
  }
}

/** Each phase from the first event that says it. */
export function listPhases(story: readonly ToldEvent[]): RunDetails["phases"] {
  return story.reduce<RunDetails["phases"]>(
    (phases, { time, data: { phase } }) => addPhase(phases, { phase, time }),
    [],
  );
}
