/** What the bus suite runs on, and what its tests share. */
import { monotonicFactory } from "ulid";
import { expect } from "vitest";
import type { Bus, Entry, Journal, Lease } from "../../src/bus/port.ts";
import type { RunAddress } from "../../src/contract/names.ts";

export interface StageOptions {
  /** Nobody else places and takes requests on these clusters. Default: others do, but other runs. */
  readonly ownClusters?: boolean;
  /** Default: far longer than a test. */
  readonly leaseMilliseconds?: number;
  /** Default: more than a test writes. */
  readonly logBytes?: number;
}

/** A broker with one cluster on it, and two who use it. */
export interface Stage {
  readonly bus: Bus;
  /** Another program's bus on the same broker; where there can be only one, the same. */
  readonly other: Bus;
  readonly cluster: string;
  /** A cluster that can be used too. */
  readonly otherCluster: string;
  close(): Promise<void>;
}

export type OpenStage = (options?: StageOptions) => Promise<Stage>;

/** Opens a stage for the length of a test. */
export type Play = (options: StageOptions, act: (stage: Stage) => Promise<void>) => Promise<void>;

export function createPlay(open: OpenStage): Play {
  return async (options, act) => {
    const stage = await open(options);
    try {
      await act(stage);
    } finally {
      await stage.close();
    }
  };
}

export const toBytes = (text: string) => new TextEncoder().encode(text);
export const toText = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** Runs of one millisecond have no order; those of a test do. */
const nextId = monotonicFactory();

export function createRunId(): string {
  return nextId().toLowerCase();
}

export function createAddress(cluster: string): RunAddress {
  return { cluster, runId: createRunId() };
}

/** The payload that every bus must take: what remains of NATS' default of 1 MiB. */
export const largestPayload = 1024 * 1024 - 1024;

/** Appends and insists that it worked; answers with the sequence. */
export async function append(journal: Journal, address: RunAddress, entry: { text: string; after: number }) {
  const options = { id: entry.text, after: entry.after };
  const appended = await journal.append(address, toBytes(entry.text), options);
  if (appended.kind !== "appended") expect.unreachable(`${entry.text} conflicts`);
  return appended.sequence;
}

/** Appends one after the other; answers with their sequences. */
export async function appendAll(journal: Journal, address: RunAddress, texts: readonly string[], after = 0) {
  const sequences: number[] = [];
  for (const text of texts) sequences.push(await append(journal, address, { text, after: sequences.at(-1) ?? after }));
  return sequences;
}

/** The first entries of an iteration, as text. */
export async function readTexts(entries: AsyncIterable<Entry>, count: number): Promise<string[]> {
  const texts: string[] = [];
  for await (const { data } of entries) {
    texts.push(toText(data));
    if (texts.length === count) break;
  }
  return texts;
}

/** The entries of a run behind a sequence, as text: as many as are asked for. */
export function followTexts(journal: Journal, address: RunAddress, options: { after?: number; count: number }) {
  const { after = 0, count } = options;
  return readTexts(journal.follow(address, { after, signal: AbortSignal.timeout(20_000) }), count);
}

/** Somebody who takes requests, one at each call. */
export interface Taker {
  take(): Promise<Lease>;
  /** Undefined when the iteration has ended. */
  next(): Promise<Lease | undefined>;
  stop(): void;
}

export function createTaker(bus: Bus, cluster: string): Taker {
  const stopping = new AbortController();
  const iterator = bus.requests.take(cluster, { signal: stopping.signal })[Symbol.asyncIterator]();
  const next = async () => {
    const result = await iterator.next();
    return result.done === true ? undefined : result.value;
  };
  return {
    next,
    async take() {
      const lease = await next();
      if (lease === undefined) expect.unreachable("the iteration has ended");
      return lease;
    },
    stop: () => stopping.abort(),
  };
}

export function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
