/** What has to be true of every run, whatever was killed while it went on. */
import { expect } from "vitest";
import { jetstreamManager } from "@nats-io/jetstream";
import { decodeMessage } from "../../src/contract/decode.ts";
import { eventTypes, isTerminal, RunEvent, type EventKind } from "../../src/contract/events.ts";
import { buildConsumerName, buildStreamName } from "../../src/contract/streams.ts";
import { buildSubject } from "../../src/contract/subjects.ts";
import { listRuns } from "../support/runs-directory.ts";
import { readLog } from "../support/story.ts";
import { waitUntil } from "../support/wait-until.ts";
import { buildCountedLog, listExecutions } from "./counted-run.ts";
import { cluster, type Stage } from "./stage.ts";

/** Waits until no request is queued or held: from then on nothing happens any more. */
export async function waitUntilIdle({ connection, runsDirectory }: Stage, { seconds = 60 } = {}): Promise<void> {
  const { streams } = await jetstreamManager(connection);
  const stream = buildStreamName("requests", cluster);
  const isEmpty = async () => (await streams.info(stream)).state.messages === 0;
  await waitUntil("the queue is empty", isEmpty, { seconds });
  await waitUntil("nothing is left of any run", async () => (await listRuns(runsDirectory)).length === 0);
}

/** How many requests agents hold just now. */
export async function countPending({ connection }: Stage): Promise<number> {
  const { consumers } = await jetstreamManager(connection);
  const info = await consumers.info(buildStreamName("requests", cluster), buildConsumerName(cluster));
  return info.num_ack_pending;
}

/** How often agents were given requests, those included that were given again. */
export async function countDeliveries({ connection }: Stage): Promise<number> {
  const { consumers } = await jetstreamManager(connection);
  const info = await consumers.info(buildStreamName("requests", cluster), buildConsumerName(cluster));
  return info.delivered.consumer_seq;
}

/** Every event that is stored of a run now, those behind a terminal one included. */
export async function readAllEvents({ connection, bus }: Stage, runId: string): Promise<RunEvent[]> {
  const { streams } = await jetstreamManager(connection);
  const subject = buildSubject("events", { cluster, runId });
  const stream = buildStreamName("events", cluster);
  const info = await streams.info(stream, { subjects_filter: subject });
  const count = info.state.subjects?.[subject] ?? 0;
  const events: RunEvent[] = [];
  if (count === 0) return events;
  const following = { after: 0, signal: AbortSignal.timeout(10_000) };
  for await (const { data } of bus.events.follow({ cluster, runId }, following)) {
    const event = decodeMessage(RunEvent, data);
    if (!event.ok) throw new Error(`Cannot read an event: ${event.problem}`);
    events.push(event.value);
    if (events.length === count) return events;
  }
  throw new Error(`Cannot read the events of run ${runId}: ${events.length} of ${count}`);
}

/** Waits for the first event of a kind, and returns it. */
export async function awaitEvent(stage: Stage, runId: string, kind: EventKind): Promise<RunEvent> {
  return waitUntil(`the run is ${kind}`, async () =>
    (await readAllEvents(stage, runId)).find(({ type }) => type === eventTypes[kind]),
  );
}

/** The phases that a run's events say, one after the other, each once. */
export function listPhases(events: readonly RunEvent[]): string[] {
  return events.map(({ data }) => data.phase).filter((phase, i, all) => phase !== all[i - 1]);
}

/** One execution, one terminal event that is the last one, and a log that is whole. The stage must be idle. */
export async function expectRunOnce(stage: Stage, runId: string, log: { label: string; lines?: number }) {
  const events = await readAllEvents(stage, runId);
  const story = events.map(({ type, source }) => `${type} ${source}`).join("\n");
  expect(
    events.filter(({ data }) => isTerminal(data.phase)),
    story,
  ).toHaveLength(1);
  expect(events.at(-1)?.data.phase, story).toBe("succeeded");
  expectOnlyHolders(events);
  const executions = await listExecutions(stage.witness);
  expect(
    executions.filter((id) => id === runId),
    story,
  ).toHaveLength(1);
  expect(await readLog(stage.bus, { cluster, runId })).toBe(buildCountedLog(log));
  return events;
}

/** Only the replica that took the run last says anything of it, and each one takes it from a later delivery. */
function expectOnlyHolders(events: readonly RunEvent[]): void {
  let holder = "";
  let delivery = 0;
  for (const { type, source, data } of events.slice(1)) {
    if (type === eventTypes.accepted || type === eventTypes.adopted) {
      expect(data.delivery).toBeGreaterThan(delivery);
      holder = source;
      delivery = data.delivery ?? 0;
    }
    expect({ type, source, delivery: data.delivery }).toEqual({ type, source: holder, delivery });
  }
}
