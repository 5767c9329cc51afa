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
  const listeners = new Map<string, Set<() => void>>();
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
    for (const subject of [run.subject, toWildcard(channel, run.address.cluster)])
      for (const wake of listeners.get(subject) ?? []) wake();
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

  /** Resolves at the run's next entry, or when the signal aborts. */
  function waitForEntry(subject: string, signal: AbortSignal): Promise<void> {
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
  }

  return {
    ...createMemoryHistory({
      order,
      gate,
      wait: (cluster, signal) => waitForEntry(toWildcard(channel, cluster), signal),
    }),
    async append(address, data, options) {
      const copy = gate.take("append an entry", data);
      return append(address, copy, options);
    },
    async last(address) {
      gate.check("read the last entry");
      const entries = runs.get(toSubject(channel, address))?.entries;
      return handOut(entries?.at(entries.length - 1));
    },
    async *follow(address: RunAddress, options) {
      const subject = toSubject(channel, address);
      const signal = AbortSignal.any([options.signal, gate.closing]);
      let seen = options.after;
      while (!signal.aborted) {
        const entry = handOut(findNext(runs.get(subject)?.entries, seen));
        if (entry === undefined) {
          await waitForEntry(subject, signal);
          continue;
        }
        seen = entry.sequence;
        yield entry;
      }
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

/** A reader's own copy. */
function handOut(entry: RunEntry | undefined): Entry | undefined {
  return entry && { data: new Uint8Array(entry.data), sequence: entry.sequence };
}
