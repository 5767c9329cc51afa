/**
 * A run's log, from the launcher to the bus: read ahead of the broker, redacted, collected into chunks, stored in order.
 * What is stored says where reading goes on, so that whoever adopts the run continues without a lost or doubled line.
 */
import { BusUnavailable, type Journal } from "../../src/bus/port.ts";
import type { LogCheckpoint } from "../../src/contract/log-chunk.ts";
import type { RunAddress } from "../../src/contract/names.ts";
import type { Launcher } from "../launch/launcher.ts";
import type { Patterns } from "../redact/patterns.ts";
import { createRedactor } from "../redact/redactor.ts";
import { createChunkBuffer, type ChunkBuffer } from "./chunk-buffer.ts";
import type { EndOfLog } from "./log-tail.ts";
import { createLogWriter, type LogObserver, type LogWriter, type Retry } from "./log-writer.ts";
import type { ReadAheadBudget } from "./read-ahead-budget.ts";
import { readLogState, type LogState } from "./resume-log.ts";
import { schedule as platformTimers, type Schedule } from "./timers.ts";

export interface PublishLogOptions {
  readonly address: RunAddress;
  /** The bus's `logs`. */
  readonly journal: Journal;
  readonly launcher: Pick<Launcher, "readLog">;
  /** How much may wait for the broker: one for all logs of a process, with `bufferLimits`. */
  readonly readAheadBudget: ReadAheadBudget;
  /** What is masked. */
  readonly patterns: Patterns;
  /** Calls again, after a growing pause, while what it rejects with is transient; rejects when the run is let go of. */
  readonly backoff: <T>(attempt: () => Promise<T>, isTransient: (error: unknown) => boolean) => Promise<T>;
  readonly now: () => Date;
  readonly random: () => number;
  readonly signal: AbortSignal;
  readonly logger?: { warn(fields: Readonly<Record<string, unknown>>, sentence: string): void };
  readonly observer?: LogObserver | undefined;
  /** Timers, for tests; default: the platform's. */
  readonly schedule?: Schedule;
}

export type LogEnd =
  /** Everything is stored, the last chunk with `end`. The text is redacted. */
  | ({ readonly kind: "ended" } & EndOfLog)
  /** Another replica writes this log now. */
  | { readonly kind: "fenced" };

/**
 * Publishes a run's log to its end, from where it stands. Rejects with the signal's reason when it aborts, and with the
 * launcher's error when the log can't be read; calling again then goes on where it stopped.
 */
export async function publishLog(options: PublishLogOptions): Promise<LogEnd> {
  const { address, journal, now, random, schedule = platformTimers, observer } = options;
  const own = new AbortController();
  const signal = AbortSignal.any([options.signal, own.signal]);
  const retry = createRetry(options);
  const state = await retry(() => readLogState({ address, journal, signal, schedule }));
  if (state.ended) return { kind: "ended", ...state.tail.read() };
  const buffer = createChunkBuffer({ signal, schedule, budget: options.readAheadBudget });
  const reading = readAhead(buffer, { ...options, signal, resume: state.checkpoint });
  const name = random().toString(36).slice(2);
  const { index, after } = state;
  const writer = createLogWriter({ address, journal, now, name, retry, observer, index, after });
  try {
    return await writeChunks(buffer, { writer, tail: state.tail });
  } finally {
    own.abort();
    await reading;
  }
}

/** Reads, as fast as the launcher gives, until the buffer is full: a log that is read late may be gone. Never rejects. */
async function readAhead(
  buffer: ChunkBuffer,
  { address, launcher, patterns, signal, resume }: PublishLogOptions & { resume: LogCheckpoint | undefined },
): Promise<void> {
  try {
    let redactor = createRedactor(patterns, { resume });
    for await (const { mark, bytes, gap } of launcher.readLog(address.runId, { from: resume?.from, signal })) {
      if (gap !== undefined && !isStored(mark, resume)) {
        // What comes now doesn't go on from what was held back, and a place before the gap means nothing behind it.
        for (const part of redactor.flush()) buffer.add(part);
        const checkpoint = { from: mark, skip: 0, covered: 0 };
        redactor = createRedactor(patterns, { resume: checkpoint });
        buffer.add({ text: new Uint8Array(), checkpoint, gap });
      }
      for (const part of redactor.push({ mark, bytes })) buffer.add(part);
      await buffer.waitForRoom();
    }
    // An aborted log ends like any other, but it isn't its end.
    if (signal.aborted) return;
    for (const part of redactor.flush()) buffer.add(part);
    buffer.end(redactor.checkpoint);
  } catch (error) {
    buffer.fail(error instanceof Error ? error : new Error("Cannot read the log", { cause: error }));
  }
}

/** Only a gap's own chunk ends at the mark behind it: whoever goes on from there is told of the same gap again. */
function isStored(mark: string, resume: LogCheckpoint | undefined): boolean {
  return resume?.from === mark && resume.skip === 0;
}

/** Stores chunk after chunk; while one is on its way the buffer fills the next one. */
async function writeChunks(
  buffer: ChunkBuffer,
  { writer, tail }: { writer: LogWriter } & Pick<LogState, "tail">,
): Promise<LogEnd> {
  for (;;) {
    const content = await buffer.take();
    if (!(await writer.write(content))) return { kind: "fenced" };
    tail.add(content.text);
    if (content.end) return { kind: "ended", ...tail.read() };
  }
}

function createRetry({ backoff, signal, logger }: PublishLogOptions): Retry {
  const isTransient = (error: unknown) => {
    if (!(error instanceof BusUnavailable)) return false;
    logger?.warn({ err: error }, "The log waits for the broker");
    return true;
  };
  return (attempt) =>
    backoff(() => {
      signal.throwIfAborted();
      return attempt();
    }, isTransient);
}
