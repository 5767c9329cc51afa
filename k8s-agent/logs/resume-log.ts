/** Where a run's log stands: what whoever adopts the run goes on from. */
import type { Entry, Journal } from "../../src/bus/port.ts";
import { decodeLogChunk, type LogCheckpoint, type LogChunk } from "../../src/contract/log-chunk.ts";
import { limits } from "../../src/contract/limits.ts";
import type { RunAddress } from "../../src/contract/names.ts";
import { createLogTail, type LogTail } from "./log-tail.ts";
import type { Schedule } from "./timers.ts";

export interface LogState {
  /** The next chunk's index. */
  readonly index: number;
  /** Sequence of the last entry; 0: there is none. */
  readonly after: number;
  /** Where reading goes on; undefined: at the log's beginning. */
  readonly checkpoint: LogCheckpoint | undefined;
  /** The last chunk is stored: nothing is left to do. */
  readonly ended: boolean;
  /** How the stored log ends. */
  readonly tail: LogTail;
}

export interface ResumeOptions {
  readonly address: RunAddress;
  readonly journal: Journal;
  readonly signal: AbortSignal;
  readonly schedule: Schedule;
}

/** Reads where the log stands. Rejects with `BusUnavailable`, and when the last entry isn't a chunk that we know. */
export async function readLogState(options: ResumeOptions): Promise<LogState> {
  const last = await options.journal.last(options.address);
  if (last === undefined) return { index: 0, after: 0, checkpoint: undefined, ended: false, tail: createLogTail() };
  const { header } = decode(last, options);
  return {
    index: header.index + 1,
    after: last.sequence,
    checkpoint: header.checkpoint,
    ended: header.end === true,
    tail: await readTail(last, options),
  };
}

/**
 * The end of the stored log, so that an adopted run's error says the same as any other's: its last chunk may be short or
 * empty. Looks back further and further, as other runs' entries are in between.
 */
async function readTail(last: Entry, options: ResumeOptions): Promise<LogTail> {
  for (let reach = 16; ; reach *= 16) {
    const after = Math.max(0, last.sequence - reach);
    const { tail, bytes, complete } = await readFrom(after, last, options);
    if (!complete) {
      const short = createLogTail();
      short.add(decode(last, options).text);
      return short;
    }
    if (after === 0 || bytes >= limits.logTailBytes) return tail;
  }
}

/** The stream's limits may take the last entry just now: then following never comes to it, and must end by itself. */
const patienceMilliseconds = 5000;

async function readFrom(after: number, last: Entry, options: ResumeOptions) {
  const { address, journal, signal, schedule } = options;
  const patience = new AbortController();
  const stopTimer = schedule(patienceMilliseconds, () => patience.abort());
  const tail = createLogTail();
  let bytes = 0;
  try {
    const following = { after, signal: AbortSignal.any([signal, patience.signal]) };
    for await (const entry of journal.follow(address, following)) {
      const { text } = decode(entry, options);
      tail.add(text);
      bytes += text.length;
      if (entry.sequence >= last.sequence) return { tail, bytes, complete: true };
    }
    return { tail, bytes, complete: false };
  } finally {
    stopTimer();
  }
}

function decode({ data }: Entry, { address }: ResumeOptions): LogChunk {
  const chunk = decodeLogChunk(data);
  if (!chunk.ok) throw new Error(`Cannot go on with the log of run ${address.runId}: ${chunk.problem}`);
  return chunk.value;
}
