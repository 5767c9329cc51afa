/**
 * What agent and supervisor say to each other over a run's socket: JSON, a line each.
 *
 * The supervisor sends each status that it has had when somebody connects, and then each change, but never the final one: that is
 * in a file before the connection closes, so that there is one way to learn it, live or late. `await-log` asks to be told once the
 * log is longer than what one has read; asking anew after each reading means that no change is missed, and that a slow
 * reader isn't sent more than it takes.
 */
import type { Socket } from "node:net";
import * as v from "valibot";
import { decodeMessage, encodeMessage } from "../../src/contract/decode.ts";
import { describeLimit } from "../../src/contract/limits.ts";

const starting = v.object({ kind: v.literal("starting"), startedAt: v.string() });
const running = v.object({
  kind: v.literal("running"),
  startedAt: v.string(),
  mainStartedAt: v.string(),
  commit: v.exactOptional(v.string()),
});
const collecting = v.object({ kind: v.literal("collecting"), startedAt: v.string() });

/** A status that isn't final. */
export const LiveStatus = v.variant("kind", [starting, running, collecting]);
export type LiveStatus = v.InferOutput<typeof LiveStatus>;

export const Notice = v.variant("kind", [
  ...LiveStatus.options,
  v.object({ kind: v.literal("log"), bytes: v.number() }),
]);
export type Notice = v.InferOutput<typeof Notice>;

export const Command = v.variant("kind", [
  v.object({ kind: v.literal("stop"), graceSeconds: v.pipe(v.number(), v.minValue(0)) }),
  v.object({ kind: v.literal("await-log"), beyond: v.number() }),
]);
export type Command = v.InferOutput<typeof Command>;

const newline = 0x0a;
/** Far above what is ever sent; whoever sends more isn't one of ours. */
const longestLine = 64 * 1024;

export function encodeLine(message: Notice | Command): Uint8Array {
  return Buffer.concat([encodeMessage(message), Uint8Array.of(newline)]);
}

/**
 * Reads a peer's messages until it closes. What the schema doesn't know is passed over, so that a newer peer breaks
 * nothing. A peer that dies, or a connection that we destroy, ends the iteration without an error.
 */
export async function* readMessages<S extends v.GenericSchema>(
  socket: Socket,
  schema: S,
): AsyncGenerator<v.InferOutput<S>> {
  for await (const line of readLines(socket)) {
    const message = decodeMessage(schema, line);
    if (message.ok) yield message.value;
  }
}

async function* readLines(socket: Socket): AsyncGenerator<Uint8Array> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of readChunks(socket)) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (let end = rest.indexOf(newline); end >= 0; end = rest.indexOf(newline)) {
      yield rest.subarray(0, end);
      rest = rest.subarray(end + 1);
    }
    if (rest.length > longestLine) {
      throw new Error(`Cannot read a message: ${describeLimit("its line", rest.length, longestLine, "bytes")}`);
    }
  }
}

async function* readChunks(socket: Socket): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of socket) yield chunk as Buffer;
  } catch (error) {
    if (!isClosed(error)) throw error;
  }
}

/** The other end is gone, or this one was closed by us. */
export function isClosed(error: unknown): boolean {
  const code = getErrorCode(error);
  return code === "ECONNRESET" || code === "EPIPE" || code === "ERR_STREAM_PREMATURE_CLOSE";
}

/** The system's or Node's name of an error, such as `ENOENT`; empty when it has none. */
export function getErrorCode(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}
