/**
 * Redacted text on its way from the launcher, which must be read fast, to the broker, which may be slow: collected into
 * chunks, each of which is as full as can be when the publisher comes for it.
 */
import { limits } from "../../src/contract/limits.ts";
import type { LogCheckpoint, LogChunkHeader } from "../../src/contract/log-chunk.ts";
import type { ReadAheadBudget, ReadAheadLimits } from "./read-ahead-budget.ts";
import type { Schedule } from "./timers.ts";

export type LogGap = NonNullable<LogChunkHeader["gap"]>;

/** What a chunk is made from: its text, in UTF-8 and whole characters, and the place behind it. */
export interface ChunkContent {
  readonly text: Uint8Array;
  readonly checkpoint: LogCheckpoint;
  /** What is missing before the text. */
  readonly gap?: LogGap | undefined;
  /** Nothing comes behind it. */
  readonly end: boolean;
}

export interface LogPart {
  readonly text: Uint8Array;
  readonly checkpoint: LogCheckpoint;
  readonly gap?: LogGap | undefined;
}

export interface ChunkBuffer {
  /** Copies a part, which must not be longer than a chunk, behind what is there. */
  add(part: LogPart): void;
  /** Resolves when there is room for more; at once if there is. */
  waitForRoom(): Promise<void>;
  /** Nothing is added any more: the log has ended at this place. */
  end(checkpoint: LogCheckpoint): void;
  /** Nothing is added any more, but the log has not ended: what is there can be taken, then `take` rejects. */
  fail(error: Error): void;
  /**
   * The next chunk, as soon as it is full, or its first byte has waited for `limits.logChunkMilliseconds`, or nothing comes
   * behind it. Rejects with the signal's reason when it aborts. Don't call it again before it has answered, nor while you
   * still need the text of the chunk before: its memory is used again.
   */
  take(): Promise<ChunkContent>;
}

/**
 * How much may wait: reading stops there until the publisher has taken some. What is read from keeps the rest. With what a
 * launcher reads ahead by itself (kubernetes/logs) all is a quarter of what the agent's Deployment allows it.
 */
export const bufferLimits: ReadAheadLimits = { mostBytes: 4 * 1024 * 1024, mostBytesOfAll: 96 * 1024 * 1024 };

export interface ChunkBufferOptions {
  readonly signal: AbortSignal;
  readonly schedule: Schedule;
  readonly budget: ReadAheadBudget;
}

/** A chunk that still grows. */
interface Growing {
  bytes: Uint8Array;
  length: number;
  checkpoint: LogCheckpoint;
  readonly gap: LogGap | undefined;
  /** It has waited long enough. */
  due: boolean;
  end: boolean;
  readonly stopTimer: () => void;
}

const nothing: Uint8Array = new Uint8Array();

export function createChunkBuffer({ signal, schedule, budget }: ChunkBufferOptions): ChunkBuffer {
  const chunks: Growing[] = [];
  const { wake, change } = createBell();
  const share = budget.open(wake);
  let closed = false;
  /**
   * Memory for the next chunk, and that of the chunk which the publisher has just now. Only while others wait: a log that is
   * published as fast as it comes holds nothing, and one that isn't leaves the collector no full chunks.
   */
  let spare = nothing;
  let handedOut = nothing;
  let failure: Error | undefined;
  const letGo = () => {
    share.close();
    wake();
  };
  if (signal.aborted) letGo();
  signal.addEventListener("abort", letGo, { once: true });

  function open({ checkpoint, gap }: LogPart): Growing {
    const stopTimer = schedule(limits.logChunkMilliseconds, () => {
      chunk.due = true;
      wake();
    });
    const chunk: Growing = { bytes: spare, length: 0, checkpoint, gap, due: false, end: false, stopTimer };
    spare = nothing;
    chunks.push(chunk);
    return chunk;
  }

  function isReady(): boolean {
    if (closed) return true;
    const [first, next] = chunks;
    return next !== undefined || first?.due === true || first?.length === limits.logChunkBytes;
  }

  function handOut(chunk: Growing): ChunkContent {
    chunk.stopTimer();
    share.free(chunk.length);
    wake();
    const { bytes, length, checkpoint, gap, end } = chunk;
    [spare, handedOut] = chunks.length > 0 ? [handedOut, bytes] : [nothing, nothing];
    return { text: bytes.subarray(0, length), checkpoint, gap, end };
  }

  return {
    add(part) {
      if (part.text.length === 0 && part.gap === undefined) return;
      const latest = chunks.at(-1);
      const fits = latest !== undefined && latest.length + part.text.length <= limits.logChunkBytes;
      append(fits && part.gap === undefined ? latest : open(part), part);
      share.hold(part.text.length);
      if (isReady()) wake();
    },
    async waitForRoom() {
      while (!share.hasRoom() && !signal.aborted) await change();
    },
    end(checkpoint) {
      const last = chunks.at(-1) ?? open({ text: new Uint8Array(), checkpoint });
      last.checkpoint = checkpoint;
      last.end = true;
      closed = true;
      wake();
    },
    fail(error) {
      failure = error;
      closed = true;
      wake();
    },
    async take() {
      while (!isReady() && !signal.aborted) await change();
      signal.throwIfAborted();
      const chunk = chunks.shift();
      if (chunk === undefined) throw failure ?? new Error("Cannot take a chunk: the log has ended");
      return handOut(chunk);
    },
  };
}

function append(chunk: Growing, { text, checkpoint }: LogPart): void {
  const length = chunk.length + text.length;
  if (length > chunk.bytes.length) {
    // A quiet log's chunks stay small: thousands of runs may be open at once.
    const grown = new Uint8Array(Math.min(limits.logChunkBytes, Math.max(length, chunk.bytes.length * 2)));
    grown.set(chunk.bytes.subarray(0, chunk.length));
    chunk.bytes = grown;
  }
  chunk.bytes.set(text, chunk.length);
  chunk.length = length;
  chunk.checkpoint = checkpoint;
}

/** `change` resolves at the next `wake`. */
function createBell(): { wake: () => void; change: () => Promise<void> } {
  let bell: PromiseWithResolvers<void> | undefined;
  return {
    wake() {
      bell?.resolve();
      bell = undefined;
    },
    change() {
      bell ??= Promise.withResolvers();
      return bell.promise;
    },
  };
}
