/** Stores a run's chunks, one at a time, under the fence: each one expects the one before it to be the run's last. */
import type { Journal } from "../../src/bus/port.ts";
import { encodeLogChunk } from "../../src/contract/log-chunk.ts";
import type { RunAddress } from "../../src/contract/names.ts";
import type { ChunkContent } from "./chunk-buffer.ts";

export interface LogWriterOptions {
  readonly address: RunAddress;
  readonly journal: Journal;
  /** The next chunk's index, and the sequence of the entry before it (0: there is none). */
  readonly index: number;
  readonly after: number;
  /** Tells this writer's messages from another replica's: the same id must mean the same bytes. */
  readonly name: string;
  readonly retry: Retry;
  readonly now: () => Date;
  readonly observer?: LogObserver | undefined;
}

/** Is told what was stored, for metrics. */
export interface LogObserver {
  /** `gap`: what is missing before the chunk. */
  chunkStored(chunk: {
    readonly bytes: number;
    readonly gap?: { readonly bytes?: number | undefined } | undefined;
  }): void;
}

/** Calls again while the broker is away. */
export type Retry = <T>(attempt: () => Promise<T>) => Promise<T>;

export interface LogWriter {
  /** Stores the next chunk; false: it isn't stored, as another replica writes this log now. */
  write(content: ChunkContent): Promise<boolean>;
}

export function createLogWriter({
  address,
  journal,
  name,
  retry,
  now,
  observer,
  ...start
}: LogWriterOptions): LogWriter {
  let { index, after } = start;

  /** The sequence at which the bytes are stored; undefined: another replica's entry stands there. */
  async function append(data: Uint8Array): Promise<number | undefined> {
    const appended = await journal.append(address, data, { id: `${address.runId}.log.${index}.${name}`, after });
    if (appended.kind === "appended") return appended.sequence;
    const last = await journal.last(address);
    if (last !== undefined) return Buffer.compare(last.data, data) === 0 ? last.sequence : undefined;
    // The stream's limits have taken all of this run's entries.
    if (after === 0) return undefined;
    after = 0;
    return append(data);
  }

  return {
    async write({ text, checkpoint, gap, end }) {
      const header = { v: 1, index, time: now().toISOString(), checkpoint } as const;
      const data = encodeLogChunk({
        header: { ...header, ...(end ? { end } : {}), ...(gap === undefined ? {} : { gap }) },
        text,
      });
      const sequence = await retry(() => append(data));
      if (sequence === undefined) return false;
      after = sequence;
      index++;
      observer?.chunkStored({ bytes: text.length, gap });
      return true;
    },
  };
}
