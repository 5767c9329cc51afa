/**
 * Between reading and publishing: what was read and redacted waits here, is joined to chunks, and holds the reader back
 * when the broker is much slower. A chunk is ready when it is full, or a while after its first byte.
 */
import type { LogCheckpoint } from "../../src/contract/log-chunk.ts";
import { limits } from "../../src/contract/limits.ts";
import type { RedactedPart } from "../redact/redactor.ts";

/** Text for one chunk, at most `limits.logChunkBytes`, and the place up to which the log is in it or before. */
export interface Filled {
  readonly text: Uint8Array;
  readonly checkpoint: LogCheckpoint;
  readonly gap?: Gap | undefined;
}

export interface Gap {
  readonly bytes?: number;
  readonly reason: string;
}

export interface ChunkBuffer {
  /** Adds parts in order; resolves when there is room for more. */
  add(parts: readonly RedactedPart[], gap?: Gap): Promise<void>;
  /** Nothing comes any more. */
  end(): void;
  /** The next chunk's content, when it is full or due; undefined when all has been taken after the end. */
  take(): Promise<Filled | undefined>;
}

interface Part extends RedactedPart {
  readonly gap?: Gap | undefined;
}

/** Read ahead of the broker by at most this much. */
const mostBytes = 4 * 1024 * 1024;

export function createChunkBuffer({ signal }: { signal: AbortSignal }): ChunkBuffer {
  let parts: Part[] = [];
  let bytes = 0;
  let ended = false;
  let due = false;
  let timer: NodeJS.Timeout | undefined;
  let wake: () => void = () => {};
  let resume: () => void = () => {};

  const isReady = () => ended || due || bytes >= limits.logChunkBytes || signal.aborted;
  const abort = () => {
    wake();
    resume();
  };
  signal.addEventListener("abort", abort, { once: true });

  function startTimer(): void {
    timer ??= setTimeout(() => {
      due = true;
      wake();
    }, limits.logChunkMilliseconds);
  }

  function fill(): Filled | undefined {
    const first = parts[0];
    if (first === undefined) return undefined;
    let count = 1;
    let size = first.text.length;
    for (const part of parts.slice(1)) {
      if (part.gap !== undefined || size + part.text.length > limits.logChunkBytes) break;
      size += part.text.length;
      count++;
    }
    const taken = parts.slice(0, count);
    parts = parts.slice(count);
    bytes -= size;
    const checkpoint = taken.at(-1)?.checkpoint ?? first.checkpoint;
    return { text: Buffer.concat(taken.map(({ text }) => text)), checkpoint, gap: first.gap };
  }

  return {
    async add(added, gap) {
      for (const [index, { text, checkpoint }] of added.entries()) {
        if (text.length === 0 && gap === undefined) continue;
        parts.push({ text: new Uint8Array(text), checkpoint, gap: index === 0 ? gap : undefined });
        bytes += text.length;
      }
      if (parts.length > 0) startTimer();
      if (isReady()) wake();
      while (bytes >= mostBytes && !signal.aborted) await new Promise<void>((resolve) => (resume = resolve));
    },
    end() {
      ended = true;
      clearTimeout(timer);
      wake();
    },
    async take() {
      while (!isReady() || (parts.length === 0 && !ended && !signal.aborted)) {
        await new Promise<void>((resolve) => (wake = resolve));
      }
      clearTimeout(timer);
      timer = undefined;
      due = false;
      if (signal.aborted) return undefined;
      const filled = fill();
      if (parts.length > 0) startTimer();
      if (bytes < mostBytes) resume();
      if (filled === undefined) signal.removeEventListener("abort", abort);
      return filled;
    },
  };
}
