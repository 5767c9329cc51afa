/** A run's log: what there is, and what comes until its end. */
import type { Bus, Entry } from "../../bus/port.ts";
import { isTerminal } from "../../contract/events.ts";
import { limits } from "../../contract/limits.ts";
import type { RunStatus } from "../../contract/runs-api/run-summary.ts";
import type { FoundRun } from "../find-run.ts";
import { readEntries } from "./read-entries.ts";
import { readEvent } from "../read-event.ts";
import { createChunkReader, type ChunkReader, type LogItem } from "./chunk-reader.ts";
import type { Frame, StreamOptions } from "./frame.ts";
import { findTail } from "./tail.ts";
import { withTicks } from "./with-ticks.ts";

export interface RunLogOptions extends StreamOptions {
  readonly bus: Pick<Bus, "events" | "logs">;
  /** Only the last lines of what there is, and what comes; not together with `after`. */
  readonly tail?: number | undefined;
  /** With `tail`: that many bytes are enough, though they be fewer lines; left out: what so many lines may have. */
  readonly tailBytes?: number | undefined;
}

export async function* streamRunLog(run: FoundRun, options: RunLogOptions): AsyncGenerator<Frame<LogItem>> {
  const leaving = new AbortController();
  const signal = AbortSignal.any([options.signal, leaving.signal]);
  const end = watchEnd(run, { events: options.bus.events, signal });
  try {
    const { entries, reader } = await openLog(run, { ...options, signal });
    for await (const entry of options.follow ? untilQuiet(entries, () => end.status !== undefined) : entries) {
      const item = reader.read(entry);
      if (item !== undefined) yield { kind: "item", cursor: `${entry.sequence}`, item };
      if (reader.hasEnded()) break;
    }
    if (signal.aborted) return;
    const status = end.status ?? run.event.data.phase;
    yield { kind: "end", end: { status, complete: reader.hasEnded() } };
  } finally {
    leaving.abort();
  }
}

/** A line that came in many small chunks, each with its header, is not cut short for them. */
const leastTailBytes = 1024 * 1024;

async function openLog(
  { address }: FoundRun,
  { bus: { logs }, after, follow, tail, tailBytes, signal }: RunLogOptions,
): Promise<{ entries: AsyncIterable<Entry>; reader: ChunkReader }> {
  const last = (await logs.last(address))?.sequence ?? 0;
  const start =
    tail === undefined
      ? // The chunk that the reader had last says which one is next.
        { from: Math.max(0, Math.min(after - 1, last)), skipLines: 0 }
      : await findTail(logs, address, {
          lines: tail,
          bytes: tailBytes ?? Math.max(tail * limits.logLineBytes, leastTailBytes),
          last,
          signal,
        });
  const { from, skipLines } = start;
  const entries = follow
    ? logs.follow(address, { after: from, signal })
    : readEntries(logs, address, { after: from, last, signal });
  return { entries, reader: createChunkReader({ after, beginsAnywhere: tail !== undefined, skipLines }) };
}

/** The run's end, once it is there; nobody waits for it. */
function watchEnd(
  { address, last, event, ended }: FoundRun,
  { events, signal }: { events: Bus["events"]; signal: AbortSignal },
): { status: RunStatus | undefined } {
  const seen = { status: ended ? event.data.phase : undefined };
  async function watch(): Promise<void> {
    for await (const entry of events.follow(address, { after: last.sequence, signal })) {
      const next = readEvent(entry, address);
      if (!next.ok || !isTerminal(next.value.data.phase)) continue;
      seen.status = next.value.data.phase;
      return;
    }
  }
  // Following waits out a broker that is away; should it fail all the same, the log is followed without.
  if (!ended) watch().catch(() => undefined);
  return seen;
}

/**
 * An agent stores the last chunk before the run's end; a replica of the broker may have the two the other way round. What
 * has not come so long after the end, milliseconds, won't come.
 */
const patienceMilliseconds = 2000;
const ticks = 4;

/** The entries, until the run has ended and nothing came for a while. */
async function* untilQuiet(entries: AsyncIterable<Entry>, hasEnded: () => boolean): AsyncGenerator<Entry> {
  let quiet = 0;
  for await (const entry of withTicks(entries, patienceMilliseconds / ticks)) {
    if (entry !== undefined) {
      quiet = 0;
      yield entry;
    } else if (hasEnded() && ++quiet >= ticks) return;
  }
}
