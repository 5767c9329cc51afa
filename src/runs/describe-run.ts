/** A run in full, put together from its events. */
import type { Entry, Journal } from "../bus/port.ts";
import { isTerminal } from "../contract/events.ts";
import type { RunDetails } from "../contract/runs-api/run-details.ts";
import type { RunSummary } from "../contract/runs-api/run-summary.ts";
import type { RunAddress } from "../contract/names.ts";
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

/** `waiting`: whether its cluster has nobody who could take it; asked only while nobody has. */
export async function describeRun(
  { address, last }: FoundRun,
  {
    events,
    isWaiting,
    signal,
  }: { events: Pick<Journal, "follow" | "last">; isWaiting: () => Promise<boolean>; signal: AbortSignal },
): Promise<RunDetails | undefined> {
  const story = await readStory(events, address, { last, signal });
  const [first] = story;
  const final = story.at(-1);
  if (first === undefined || final === undefined) return undefined;
  const { outputs, failure } = final.data;
  const commit = findLast(story, ({ commit }) => commit);
  const agent = findLast(story, ({ agent }) => agent);
  return {
    ...summarize(first, final),
    phases: listPhases(story),
    waiting: final.data.phase === "requested" && (await isWaiting()),
    warnings: story.flatMap(({ time, data: { warning } }) =>
      warning === undefined ? [] : [{ time, message: warning }],
    ),
    ...(agent === undefined ? {} : { agent }),
    ...(commit === undefined ? {} : { commit }),
    ...(failure === undefined ? {} : { failure }),
    ...(outputs === undefined ? {} : { outputs }),
  };
}

async function readStory(
  events: Pick<Journal, "follow" | "last">,
  address: RunAddress,
  { last, signal }: { last: Entry; signal: AbortSignal },
): Promise<ToldEvent[]> {
  const story: ToldEvent[] = [];
  for await (const entry of readEntries(events, address, { after: 0, last: last.sequence, signal })) {
    const event = readEvent(entry, address);
    if (event.ok) story.push(event.value);
  }
  return story;
}

/** Each phase from the first event that says it. Clocks of different machines may make it end before it began. */
export function listPhases(story: readonly ToldEvent[]): RunDetails["phases"] {
  const begun = story.filter(({ data: { phase } }, i) => phase !== story[i - 1]?.data.phase);
  return begun.map(({ time, data: { phase } }, i) => {
    const next = begun[i + 1]?.time;
    const milliseconds = next === undefined ? undefined : Math.max(0, Date.parse(next) - Date.parse(time));
    return { phase, startedAt: time, ...(milliseconds === undefined ? {} : { milliseconds }) };
  });
}

function findLast<T>(story: readonly ToldEvent[], pick: (data: ToldEvent["data"]) => T | undefined): T | undefined {
  return story.map(({ data }) => pick(data)).findLast((value) => value !== undefined);
}
