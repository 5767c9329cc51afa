/**
 * A journal in memory. As in JetStream one stream holds all runs, so that its limits take the oldest entry of any run,
 * and sequences grow with gaps. A follower keeps no entries: it asks for the next one by sequence, so that a slow one
 * costs nothing, and loses what the limits take meanwhile.
 */
import type { RunAddress } from "../../contract/names.ts";
import type { Channel } from "../../contract/subjects.ts";
import { toSubject, toWildcard } from "../address.ts";
import type { Appended, Entry, History, Journal } from "../port.ts";
import { createFifo, type Fifo } from "./fifo.ts";
import type { Gate } from "./gate.ts";
import { createMemoryHistory, type HistoryRow } from "./history.ts";

export interface JournalLimits {
  /** Entries kept, of all runs together. */
  readonly entries?: number;
  /** Bytes of payload kept, of all runs together. */
  readonly bytes?: number;
}

/** An entry by its run, and by its place in the stream. */
interface RunEntry extends HistoryRow {
  readonly id: string;
}

/** What is kept of one run. */
interface Kept {
  readonly address: RunAddress;
  readonly subject: string;
  readonly entries: Fifo<RunEntry>;
  readonly sequenceById: Map<string, number>;
}

export interface JournalOptions {
  readonly limits: JournalLimits;
  readonly gate: Gate;
  readonly now: () => Date;
}

export function createMemoryJournal(channel: Channel, { limits, gate, now }: JournalOptions): Journal & History {
  const runs = new Map<string, Kept>();
  const order = createFifo<RunEntry>();
  const waiters = createWaiters();
  let sequence = 0;
  let bytes = 0;

  function append(address: RunAddress, data: Uint8Array, { id, after }: { id: string; after: number }): Appended {
    const subject = toSubject(channel, address);
    const run = runs.get(subject) ?? { address, subject, entries: createFifo(), sequenceById: new Map() };
    const first = run.sequenceById.get(id);
    if (first !== undefined) return { kind: "appended", sequence: first };
    const last = run.entries.at(run.entries.length - 1);
    if (last !== undefined && last.sequence !== after) return { kind: "conflict" };
    keep(run, { id, data, sequence: ++sequence, address: run.address, time: now() });
    return { kind: "appended", sequence };
  }

  function keep(run: Kept, entry: RunEntry): void {
    runs.set(run.subject, run);
    run.entries.push(entry);
    run.sequenceById.set(entry.id, entry.sequence);
    order.push(entry);
    bytes += entry.data.length;
    while (order.length > (limits.entries ?? Infinity) || bytes > (limits.bytes ?? Infinity)) drop();
    for (const subject of [run.subject, toWildcard(channel, run.address.cluster)]) waiters.wake(subject);
  }

  /** Drops the oldest entry, which is also the first one of its run. */
  function drop(): void {
    const entry = order.shift();
    if (entry === undefined) return;
    bytes -= entry.data.length;
    const run = runs.get(toSubject(channel, entry.address));
    run?.entries.shift();
    run?.sequenceById.delete(entry.id);
    if (run?.entries.length === 0) runs.delete(run.subject);
  }

  return {
    ...createMemoryHistory({
      order,
      gate,
      wait: (cluster, signal) => waiters.wait(toWildcard(channel, cluster), signal),
    }),
    async append(address, data, options) {
      const copy = gate.take("append an entry", data);
      return append(address, copy, options);
    },
    async last(address) {
      gate.check("read the last entry");
      const last = handOutAll(runs.get(toSubject(channel, address))?.entries, 1).at(-1);
      return last && { ...last, bytes: last.data.length };
    },
    async read(address) {
      gate.check("read a run's entries");
      return handOutAll(runs.get(toSubject(channel, address))?.entries);
    },
    async *follow(address: RunAddress, options) {
      const subject = toSubject(channel, address);
      const signal = AbortSignal.any([options.signal, gate.closing]);
      let seen = options.after;
      while (!signal.aborted) {
        const entry = handOut(findNext(runs.get(subject)?.entries, seen));
        if (entry === undefined) {
          await waiters.wait(subject, signal);
          continue;
        }
        seen = entry.sequence;
        yield entry;
      }
    },
  };
}

/** Those who wait for the next entry of a subject. */
function createWaiters() {
  const listeners = new Map<string, Set<() => void>>();
  return {
    wake(subject: string): void {
      for (const wake of listeners.get(subject) ?? []) wake();
    },
    /** Resolves at the subject's next entry, or when the signal aborts. */
    wait(subject: string, signal: AbortSignal): Promise<void> {
      return new Promise((resolve) => {
        const set = listeners.get(subject) ?? new Set();
        listeners.set(subject, set);
        const wake = () => {
          set.delete(wake);
          if (set.size === 0) listeners.delete(subject);
          signal.removeEventListener("abort", wake);
          resolve();
        };
        set.add(wake);
        signal.addEventListener("abort", wake);
      });
    },
  };
}

/** The first entry behind a sequence, by binary search: sequences grow. */
function findNext(entries: Fifo<RunEntry> | undefined, after: number): RunEntry | undefined {
  if (entries === undefined) return undefined;
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((entries.at(middle)?.sequence ?? Infinity) > after) high = middle;
    else low = middle + 1;
  }
  return entries.at(low);
}

/** Copies of the last `count` entries. */
function handOutAll(entries: Fifo<RunEntry> | undefined, count = Infinity): Entry[] {
  const length = entries?.length ?? 0;
  const from = Math.max(length - count, 0);
  return Array.from({ length: length - from }, (_, at) => handOut(entries?.at(from + at)) ?? []).flat();
}

/** A reader's own copy. */
function handOut(entry: RunEntry | undefined): Entry | undefined {
  return entry && { data: new Uint8Array(entry.data), sequence: entry.sequence };
}
