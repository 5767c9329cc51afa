/**
 * Main's stdout and stderr on their way to the log file. Both are one pipe, as in a container, where programs find a pipe
 * too: were it the file itself, `echo … >/dev/stdout` would open it anew and cut it to nothing; were it a socket, as
 * Node's own pipes are, that would fail. Only the supervisor's end can read it, so it outlives the agent with main.
 */
import { execFile } from "node:child_process";
import { closeSync, constants, openSync } from "node:fs";
import { open, rm, type FileHandle } from "node:fs/promises";
import { Socket } from "node:net";
import { promisify } from "node:util";
import type { LogGap } from "./ended-file.ts";
import { getErrorCode, isClosed } from "./protocol.ts";

export interface MainLog {
  /** What main gets as stdout and stderr. */
  readonly writeEnd: number;
  /** Closes our own write end, once main has it or never will: the log would not end before. Once only. */
  handOver(): void;
  /** Resolves when nobody can write any more and all of it is in the file. */
  readonly finished: Promise<void>;
  /** What the disk had no room for. Main isn't held up by that: it goes on, and its output is counted and dropped. */
  readonly gap: LogGap | undefined;
  /** Reads no further: whoever writes from now on gets SIGPIPE. */
  close(): void;
}

export interface MainLogOptions {
  readonly file: string;
  /** Where the pipe's name is for a moment. */
  readonly pipe: string;
  readonly onGrowth: (bytes: number) => void;
}

export async function openMainLog({ file, pipe, onGrowth }: MainLogOptions): Promise<MainLog> {
  const log = await open(file, "a", 0o600);
  const { readEnd, writeEnd } = await openPipe(pipe);
  const socket = new Socket({ fd: readEnd, readable: true, writable: false });
  const sink = createSink(log, onGrowth);
  return {
    writeEnd,
    handOver: () => closeSync(writeEnd),
    finished: keep(socket, { log, sink }),
    get gap() {
      return sink.gap;
    },
    close: () => socket.destroy(),
  };
}

/** Node can't make a pipe but by its name, nor a name but by the program for it. Without the name nobody else gets in. */
async function openPipe(path: string): Promise<{ readEnd: number; writeEnd: number }> {
  await promisify(execFile)("mkfifo", ["-m", "600", path]);
  // Opening either end waits for the other one, unless the reader says that it won't.
  const readEnd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writeEnd = openSync(path, constants.O_WRONLY);
  await rm(path);
  return { readEnd, writeEnd };
}

interface Sink {
  readonly gap: LogGap | undefined;
  append(bytes: Uint8Array): Promise<void>;
}

/** Everything behind the first failure is dropped, so that there is one gap, at the end, and nothing in the middle. */
function createSink(file: FileHandle, onGrowth: (bytes: number) => void): Sink {
  let written = 0;
  let gap: LogGap | undefined;
  return {
    get gap() {
      return gap;
    },
    async append(bytes) {
      if (gap !== undefined) {
        gap = { ...gap, bytes: gap.bytes + bytes.length };
        return;
      }
      const outcome = await writeAll(file, bytes);
      written += outcome.bytes;
      onGrowth(written);
      if (outcome.bytes < bytes.length) gap = { bytes: bytes.length - outcome.bytes, reason: outcome.reason };
    },
  };
}

/** Writes as much as there is room for. */
async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<{ bytes: number; reason: string }> {
  let done = 0;
  try {
    while (done < bytes.length) done += (await file.write(bytes, done)).bytesWritten;
    return { bytes: done, reason: "" };
  } catch (error) {
    return { bytes: done, reason: `the log could not be written to the disk: ${getErrorCode(error) || String(error)}` };
  }
}

async function keep(socket: Socket, { log, sink }: { log: FileHandle; sink: Sink }): Promise<void> {
  try {
    for await (const chunk of socket) await sink.append(chunk as Buffer);
  } catch (error) {
    if (!isClosed(error)) throw error;
  } finally {
    await log.close();
  }
}
