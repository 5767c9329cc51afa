/** Reads main's log file while it grows. Marks are byte offsets, as decimal text. */
import { open, type FileHandle } from "node:fs/promises";
import type { LogPiece } from "../launch/launcher.ts";
import { openConnections } from "./connection.ts";
import { readEndedFile } from "./ended-file.ts";
import { encodeLine, getErrorCode, Notice, readMessages } from "./protocol.ts";
import type { RunFiles } from "./runs-directory.ts";

const pieceBytes = 64 * 1024;

export interface FollowLogOptions {
  readonly from: string | undefined;
  readonly signal: AbortSignal;
}

/**
 * Yields the log from a mark on, until the run has ended and everything is read, or the signal aborts. The supervisor
 * says when there is more; a reader that is slow is asked for nothing.
 */
export async function* followLog(files: RunFiles, { from, signal }: FollowLogOptions): AsyncGenerator<LogPiece> {
  let offset = parseMark(from);
  for await (const _ of awaitGrowth(files.socket, { getOffset: () => offset, signal })) {
    for await (const piece of readPieces(files.log, offset)) {
      if (signal.aborted) return;
      yield piece;
      offset += piece.bytes.length;
    }
  }
  if (!signal.aborted) yield* readGap(files, offset);
}

function parseMark(mark: string | undefined): number {
  const offset = Number(mark ?? "0");
  if (!/^\d+$/.test(mark ?? "0") || !Number.isSafeInteger(offset)) {
    throw new Error(`Cannot read the log from ${JSON.stringify(mark)}: a mark is a number of bytes`);
  }
  return offset;
}

interface GrowthOptions {
  readonly getOffset: () => number;
  readonly signal: AbortSignal;
}

/** Yields whenever there may be more to read: when the log has grown, and at the end. */
async function* awaitGrowth(socketPath: string, { getOffset, signal }: GrowthOptions): AsyncGenerator<undefined> {
  for await (const socket of openConnections(socketPath, signal)) {
    const ask = () => socket.write(encodeLine({ kind: "await-log", beyond: getOffset() }));
    ask();
    for await (const notice of readMessages(socket, Notice)) {
      if (notice.kind !== "log") continue;
      yield;
      ask();
    }
  }
  yield;
}

async function* readPieces(path: string, start: number): AsyncGenerator<LogPiece> {
  const file = await openIfPresent(path);
  if (file === undefined) return;
  try {
    for (let offset = start, bytesRead = -1; bytesRead !== 0; offset += bytesRead) {
      const buffer = new Uint8Array(pieceBytes);
      ({ bytesRead } = await file.read(buffer, 0, pieceBytes, offset));
      if (bytesRead > 0) yield { mark: String(offset), bytes: buffer.subarray(0, bytesRead) };
    }
  } finally {
    await file.close();
  }
}

async function openIfPresent(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, "r");
  } catch (error) {
    if (getErrorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** What the disk had no room for, behind everything that it had. */
async function* readGap(files: RunFiles, offset: number): AsyncGenerator<LogPiece> {
  const content = await readEndedFile(files.ended);
  if (content?.ok !== true || content.value.logGap === undefined) return;
  yield { mark: String(offset), bytes: new Uint8Array(0), gap: content.value.logGap };
}
