/**
 * Stores a run's events, one after the other, under the fence: each expects the one before it to be the run's last, so that
 * of two replicas that believe they hold a run one is refused. A broker that is away is waited for.
 */
import { BusUnavailable, type Journal } from "../../src/bus/port.ts";
import { decodeMessage, encodeMessage } from "../../src/contract/decode.ts";
import {
  buildRunEvent,
  eventTypes,
  RunEvent,
  type EventKind,
  type Phase,
  type RunEventData,
} from "../../src/contract/events.ts";
import type { Action, RunOrder } from "../../src/contract/run.ts";
import type { Backoff } from "./backoff.ts";

export interface EventWriterOptions {
  readonly events: Journal;
  readonly order: RunOrder;
  /** The run's place in a trace. */
  readonly traceparent?: string | undefined;
  /** This replica's name. */
  readonly agent: string;
  /** Which delivery of the request it works from. */
  readonly delivery: number;
  readonly now: () => Date;
  readonly random: () => number;
  /** Calls again while the broker is away. */
  readonly backoff: Backoff;
  readonly observer?: EventObserver | undefined;
}

/** An event of a run that was stored. */
export interface StoredEvent {
  readonly kind: EventKind;
  readonly action: Action;
  readonly time: Date;
  /** When the run was asked for; undefined where only its end is known. */
  readonly requestedAt?: Date;
  /** failed, cancelled: why. */
  readonly reason?: string | undefined;
  /** The phase that it ends, and when that began; undefined where it ends none, or the beginning isn't known here. */
  readonly left?: { readonly phase: Phase; readonly since: Date } | undefined;
}

/** Is told what was stored, for metrics. */
export interface EventObserver {
  eventStored(event: StoredEvent): void;
}

/** What an event says beside its run. */
export type EventDetails = Partial<RunEventData> & { readonly phase: Phase };

export interface EventWriter {
  /** The phase that the last event says; undefined: no event yet. */
  readonly phase: Phase | undefined;
  /** Which delivery the last event's writer worked from; 0: not an agent, or there is none. */
  readonly lastDelivery: number;
  /** Stores an event; false: it isn't stored, as somebody else has stored one since. */
  append(kind: EventKind, details: EventDetails): Promise<boolean>;
  /** Takes somebody else's last event for what the next one goes on from. */
  catchUp(): Promise<void>;
  /** Whether the run's last event is ours, or the one that we went on from. */
  isUpToDate(): Promise<boolean>;
}

interface LastEvent {
  readonly sequence: number;
  readonly phase: Phase | undefined;
  readonly delivery: number;
  /** When its phase began. Undefined when that was before it: another replica's event that leaves the phase as it is. */
  readonly since: Date | undefined;
}

/** Begins where the run is now. */
export async function createEventWriter(options: EventWriterOptions): Promise<EventWriter> {
  const { events, order, agent, delivery, traceparent, now, random, backoff, observer } = options;
  const { runId, cluster, driver, guresid, type, action } = order;
  // Other replicas' events have other ids: with the same one theirs would count as ours, and nobody be refused.
  const name = random().toString(36).slice(2);
  let count = 0;
  let last = await readLast();
  let appending: Promise<unknown> = Promise.resolve();

  async function readLast(): Promise<LastEvent> {
    const entry = await backoff(() => events.last({ runId, cluster }), isTransient);
    if (entry === undefined) return { sequence: 0, phase: undefined, delivery: 0, since: undefined };
    const event = decodeMessage(RunEvent, entry.data);
    if (!event.ok) throw new Error(`Cannot read the last event of run ${runId}: ${event.problem}`);
    const { type, time, data } = event.value;
    const { phase, delivery = 0 } = data;
    const began = type !== eventTypes.warned && type !== eventTypes.adopted;
    return { sequence: entry.sequence, phase, delivery, since: began ? new Date(time) : undefined };
  }

  async function append(kind: EventKind, details: EventDetails): Promise<boolean> {
    const id = `${runId}.${name}.${count++}`;
    const source = `/clusters/${cluster}/agents/${agent}`;
    const data: RunEventData = { runId, cluster, driver, guresid, type, action, delivery, ...details };
    const time = now();
    const bytes = encodeMessage(buildRunEvent(kind, data, { id, source, time, traceparent }));
    const after = last.sequence;
    const appended = await backoff(() => events.append({ runId, cluster }, bytes, { id, after }), isTransient);
    if (appended.kind === "conflict") return false;
    const { phase, since } = last;
    const moved = details.phase !== phase;
    last = { sequence: appended.sequence, phase: details.phase, delivery, since: moved ? time : since };
    const left = moved && phase !== undefined && since !== undefined ? { phase, since } : undefined;
    const requestedAt = new Date(order.requestedAt);
    observer?.eventStored({ kind, action, time, requestedAt, reason: details.failure?.reason, left });
    return true;
  }

  return {
    get phase() {
      return last.phase;
    },
    get lastDelivery() {
      return last.delivery;
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
