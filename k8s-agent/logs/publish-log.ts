/**
 * A run's log on its way to the bus: read ahead of the broker, redacted, cut in chunks, each published under the fence.
 * Another replica goes on where the last stored chunk says, without a lost or doubled byte.
 */
import { BusUnavailable, type Journal } from "../../src/bus/port.ts";
import { decodeLogChunk, encodeLogChunk, type LogChunk, type LogChunkHeader } from "../../src/contract/log-chunk.ts";
import type { RunAddress } from "../../src/contract/names.ts";
import type { Launcher } from "../launch/launcher.ts";
import type { Patterns } from "../redact/patterns.ts";
import { createRedactor } from "../redact/redactor.ts";
import type { Backoff } from "../report/backoff.ts";
import { createChunkBuffer, type ChunkBuffer, type Filled } from "./chunk-buffer.ts";
import { createLogTail } from "./log-tail.ts";

export interface PublishLogOptions {
  readonly journal: Journal;
  readonly address: RunAddress;
  readonly launcher: Pick<Launcher, "readLog">;
  readonly patterns: Patterns;
  readonly backoff: Backoff;
  readonly now: () => Date;
  readonly signal: AbortSignal;
}

/** The log is published to its end; or somebody else has written to it, and this replica must let go. */
export type LogEnd =
  { readonly kind: "ended"; readonly tail: string; readonly lastLine: string } | { readonly kind: "fenced" };

/** Resolves when the log's last chunk is stored. Rejects with the signal's reason when that aborts. */
export async function publishLog(options: PublishLogOptions): Promise<LogEnd> {
  const { journal, address, backoff } = options;
  const last = await backoff(() => journal.last(address), isTransient);
  const before = last === undefined ? undefined : readChunk(last.data);
  const tail = createLogTail();
  if (before !== undefined) tail.add(before.text);
  if (before?.header.end === true) return { kind: "ended", tail: tail.tail, lastLine: tail.lastLine };

  const own = new AbortController();
  const signal = AbortSignal.any([options.signal, own.signal]);
  const buffer = createChunkBuffer({ signal });
  const reading = read(buffer, before, { ...options, signal });
  const write = createWriter(options, { index: (before?.header.index ?? -1) + 1, after: last?.sequence ?? 0 });
  try {
    let checkpoint = before?.header.checkpoint ?? { from: "", skip: 0, covered: 0 };
    for (let filled = await buffer.take(); filled !== undefined; filled = await buffer.take()) {
      checkpoint = filled.checkpoint;
      if (!(await write(filled))) return { kind: "fenced" };
      tail.add(filled.text);
    }
    options.signal.throwIfAborted();
    await reading;
    if (!(await write({ text: new Uint8Array(), checkpoint }, { end: true }))) return { kind: "fenced" };
    return { kind: "ended", tail: tail.tail, lastLine: tail.lastLine };
  } finally {
    own.abort();
    await reading.catch(() => undefined);
  }
}

function isTransient(error: unknown): boolean {
  return error instanceof BusUnavailable;
}

function readChunk(data: Uint8Array): LogChunk {
  const chunk = decodeLogChunk(data);
  if (!chunk.ok) throw new Error(`Cannot go on with a log: its last chunk is damaged: ${chunk.problem}`);
  return chunk.value;
}

/** Fills the buffer; ends it in any case, as the writer waits for it. */
async function read(
  buffer: ChunkBuffer,
  before: LogChunk | undefined,
  { launcher, address, patterns, signal }: PublishLogOptions,
): Promise<void> {
  const resume = before?.header.checkpoint;
  const redactor = createRedactor(patterns, { resume });
  try {
    for await (const piece of launcher.readLog(address.runId, { from: resume?.from || undefined, signal })) {
      await buffer.add(redactor.push(piece), piece.gap);
    }
    await buffer.add(redactor.flush());
  } finally {
    buffer.end();
  }
}

/** Publishes one chunk after the other; false when this replica was fenced. */
function createWriter({ journal, address, backoff, now }: PublishLogOptions, from: { index: number; after: number }) {
  let { index, after } = from;
  return async ({ text, checkpoint, gap }: Filled, { end = false } = {}): Promise<boolean> => {
    const header: LogChunkHeader = {
      v: 1,
      index,
      time: now().toISOString(),
      checkpoint,
      ...(end ? { end } : {}),
      ...(gap === undefined ? {} : { gap }),
    };
    const id = `${address.runId}.log.${index}`;
    const data = encodeLogChunk({ header, text });
    const appended = await backoff(() => journal.append(address, data, { id, after }), isTransient);
    if (appended.kind === "conflict") return false;
    after = appended.sequence;
    index++;
    return true;
  };
}
