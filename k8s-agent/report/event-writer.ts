/**
 * Stores a run's events, one after the other, under the fence: each expects the one before it to be the run's last, so that
 * of two replicas that believe they hold a run one is refused. A broker that is away is waited for.
 */
import { BusUnavailable, type Journal } from "../../src/bus/port.ts";
import { decodeMessage, encodeMessage } from "../../src/contract/decode.ts";
import { buildRunEvent, RunEvent, type EventKind, type Phase, type RunEventData } from "../../src/contract/events.ts";
import type { RunOrder } from "../../src/contract/run.ts";
import type { Backoff } from "./backoff.ts";

export interface EventWriterOptions {
  readonly events: Journal;
  readonly order: RunOrder;
  /** This replica's name. */
  readonly agent: string;
  readonly now: () => Date;
  readonly random: () => number;
  /** Calls again while the broker is away. */
  readonly backoff: Backoff;
}

/** What an event says beside its run. */
export type EventDetails = Partial<RunEventData> & { readonly phase: Phase };

export interface EventWriter {
  /** The phase that the last event says; undefined: no event yet. */
  readonly phase: Phase | undefined;
  /** Stores an event; false: it isn't stored, as somebody else has stored one since. */
  append(kind: EventKind, details: EventDetails): Promise<boolean>;
  /** Takes somebody else's last event for what the next one goes on from. */
  catchUp(): Promise<void>;
  /** Whether the run's last event is ours, or the one that we went on from. */
  isUpToDate(): Promise<boolean>;
}

/** Begins where the run is now. */
export async function createEventWriter(options: EventWriterOptions): Promise<EventWriter> {
  const { events, order, agent, now, random, backoff } = options;
  const { runId, cluster, driver, guresid, type, action, traceparent } = order;
  // Other replicas' events have other ids: with the same one theirs would count as ours, and nobody be refused.
  const name = random().toString(36).slice(2);
  let count = 0;
  let last = await readLast();
  let appending: Promise<unknown> = Promise.resolve();

  async function readLast(): Promise<{ sequence: number; phase: Phase | undefined }> {
    const entry = await backoff(() => events.last({ runId, cluster }), isTransient);
    if (entry === undefined) return { sequence: 0, phase: undefined };
    const event = decodeMessage(RunEvent, entry.data);
    if (!event.ok) throw new Error(`Cannot read the last event of run ${runId}: ${event.problem}`);
    return { sequence: entry.sequence, phase: event.value.data.phase };
  }

  async function append(kind: EventKind, details: EventDetails): Promise<boolean> {
    const id = `${runId}.${name}.${count++}`;
    const source = `/clusters/${cluster}/agents/${agent}`;
    const data: RunEventData = { runId, cluster, driver, guresid, type, action, ...details };
    const bytes = encodeMessage(buildRunEvent(kind, data, { id, source, time: now(), traceparent }));
    const after = last.sequence;
    const appended = await backoff(() => events.append({ runId, cluster }, bytes, { id, after }), isTransient);
    if (appended.kind === "conflict") return false;
    last = { sequence: appended.sequence, phase: details.phase };
    return true;
  }

  return {
    get phase() {
      return last.phase;
    },
    append(kind, details) {
      const appended = append(kind, details);
      appending = appended;
      return appended;
    },
    async catchUp() {
      last = await readLast();
    },
    async isUpToDate() {
      const { sequence } = await readLast();
      // An event of our own that is being stored may be seen before its answer is here.
      await appending.catch(() => undefined);
      return sequence <= last.sequence;
    },
  };
}

function isTransient(error: unknown): boolean {
  return error instanceof BusUnavailable;
}
