/**
 * What this product needs of a broker. Two implementations obey one behaviour suite (test/bus): in memory, for one
 * process, and NATS JetStream. Payloads are bytes; whoever publishes encodes, whoever reads decodes.
 *
 * Every method rejects with `BusUnavailable` when the broker can't be reached in time or the bus is closed, and with
 * `MessageTooLarge` before anything is sent when the payload can't fit; nothing hangs. The two iterations (`follow`,
 * `take`) wait out a broker that is away, and go on where they were.
 */
import type { AgentAddress, RunAddress } from "../contract/names.ts";
import { describeLimit } from "../contract/limits.ts";

export interface Bus {
  /** One record a resource, changed only by compare-and-set: that is the lock. */
  readonly records: RecordStore;
  /** Run requests: a work queue for each cluster. */
  readonly requests: RequestQueue;
  /** What happened to each run. The last one is its state. */
  readonly events: Journal & History;
  /** What each run's container printed, in chunks. */
  readonly logs: Journal;
  /** What is asked of each run after it was placed. Only the last one is sure to be kept. */
  readonly controls: Journal;
  /** Which agents there are. */
  readonly agents: AgentDirectory;
  /** Lets go of everything; pending calls reject, followers end. Closing twice is fine. */
  close(): Promise<void>;
}

export interface StoredRecord {
  readonly value: Uint8Array;
  /** Grows with each change of any key; never 0. */
  readonly revision: number;
}

/** The outcome of a write that expected something: another writer was faster is a normal one. */
export type Written = { readonly kind: "written"; readonly revision: number } | { readonly kind: "conflict" };

export interface RecordStore {
  /** On a broker with replicas this may be a moment old; a write that expects what was read then conflicts. */
  get(key: string): Promise<StoredRecord | undefined>;
  /** Writes if the key's revision is still `expected`; 0 means that there is no such key. */
  set(key: string, value: Uint8Array, expected: number): Promise<Written>;
  /** Removes if the revision is still `expected`. */
  remove(key: string, expected: number): Promise<Written>;
}

export interface Entry {
  readonly data: Uint8Array;
  /** Position in the stream: grows, with gaps, as runs share it; never 0. */
  readonly sequence: number;
}

export type Appended = { readonly kind: "appended"; readonly sequence: number } | { readonly kind: "conflict" };

export interface Journal {
  /**
   * Appends if `after` is still the sequence of the run's last entry (0: it has none): of two writers, one is refused.
   * A run of which nothing is kept any more, because the journal's limits took it, takes any `after`. The same `id` of
   * the same run again soon (after a lost answer) is answered with the first one's sequence and stored once.
   */
  append(address: RunAddress, data: Uint8Array, options: { id: string; after: number }): Promise<Appended>;
  /** The run's last entry; on a broker with replicas this may be a moment old. */
  last(address: RunAddress): Promise<(Entry & BytesRead) | undefined>;
  /** The run's entries that are kept just now, oldest first: for runs of few entries, as it holds them all at once. */
  read(address: RunAddress): Promise<Entry[]>;
  /**
   * The run's entries behind `after` that are still kept, then those to come, in order and without doubles, until the
   * signal aborts or the bus closes (the iteration then ends without an error). A slow reader slows nobody but itself.
   */
  follow(address: RunAddress, options: { after: number; signal: AbortSignal }): AsyncIterable<Entry>;
}

/** An entry, and the run that it is of. */
export interface HistoryEntry extends Entry {
  readonly address: RunAddress;
}

/** How much reading has brought, whoever has written it: payloads, and headers where there are any. */
export interface BytesRead {
  readonly bytes: number;
}

export interface Page extends BytesRead {
  /** Newest first. */
  readonly entries: readonly HistoryEntry[];
  /** Where the next page goes on: its `before`. Left out: nothing older is kept. */
  readonly next?: number;
}

/** A journal read by cluster: what all of its runs wrote, in the order in which it was stored. */
export interface History {
  /**
   * The last `count` entries before a sequence, or the very last ones. Fewer where some in between are gone. Costs the
   * same however much is kept; their payloads are held all at once.
   */
  page(cluster: string, options: { before?: number | undefined; count: number }): Promise<Page>;
  /** The sequence behind which everything was stored at this time or later; 0 where that is all that is kept. */
  locate(cluster: string, time: Date): Promise<number>;
  /** As `follow`, for all runs of a cluster. */
  followAll(cluster: string, options: { after: number; signal: AbortSignal }): AsyncIterable<HistoryEntry>;
}

export interface AgentDirectory {
  /**
   * Says that a replica is there. That counts for about a minute; said again, it replaces what was said before. Rejects with
   * `MessageTooLarge` beyond `limits.announcementBytes`.
   */
  announce(address: AgentAddress, data: Uint8Array): Promise<void>;
  /** What a cluster's replicas have announced and still counts, each one's last: of `limits.announcements` at most. */
  list(cluster: string): Promise<Uint8Array[]>;
}

export interface RequestQueue {
  /** Queues a run. A run that is queued or leased already is not queued again. */
  place(address: RunAddress, data: Uint8Array): Promise<void>;
  /**
   * Requests for a cluster, each as a lease, one for each step of the iteration: whoever is full doesn't ask. Ends when
   * the signal aborts or the bus closes.
   */
  take(cluster: string, options: { signal: AbortSignal }): AsyncIterable<Lease>;
}

/** A request that this replica holds. Unless it is renewed within `milliseconds`, another replica gets it. */
export interface Lease {
  readonly address: RunAddress;
  /** Whoever has read it may put nothing in its place, to hold no request for as long as its run lasts. */
  data: Uint8Array;
  /**
   * More than 1: somebody held it before. 1: as far as the broker remembers nobody did; one that crashed may have
   * forgotten the last moments before.
   */
  readonly deliveries: number;
  /** How long it lasts without being renewed. */
  readonly milliseconds: number;
  /** Begins the lease's time anew. A lease that was lost meanwhile stays lost; this doesn't tell. */
  renew(): Promise<void>;
  /**
   * The run has ended and its terminal event is stored: the request is gone for good. This is about the run, not about
   * the lease: it also holds when another replica has been given the request meanwhile. Twice is fine. Should the lease
   * run out before the broker has confirmed, this resolves all the same: the request may then come again, and whoever
   * gets it finds the run's end.
   */
  finish(): Promise<void>;
  /** Gives it back, for another replica to take after `delay` milliseconds. Nothing happens if the lease was lost. */
  release(delay: number): Promise<void>;
}

/** The broker can't be reached, or didn't answer in time. What was asked may or may not have happened. */
export class BusUnavailable extends Error {
  readonly code = "RES-151";

  /** `reason` says more than that there was no answer, where more is known. */
  constructor(what: string, options: ErrorOptions & { readonly reason?: string } = {}) {
    super(`Cannot ${what}: ${options.reason ?? "the broker does not answer"}`, options);
    this.name = "BusUnavailable";
  }
}

/** The payload is more than the broker takes; nothing was sent. Both figures are bytes. */
export class MessageTooLarge extends Error {
  readonly code = "RES-105";
  readonly limit: number;
  readonly actual: number;

  constructor(what: string, { limit, actual }: { limit: number; actual: number }) {
    super(`Cannot ${what}: ${describeLimit("the message", actual, limit, "bytes")}`);
    this.name = "MessageTooLarge";
    this.limit = limit;
    this.actual = actual;
  }
}
