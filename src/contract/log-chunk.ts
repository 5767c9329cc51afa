/**
 * A piece of main's log on `cd.v1.logs.<cluster>.<runId>`: a JSON header, a newline, then the text itself as it is, so
 * that 64 KiB of log are not escaped and unescaped on their way.
 */
import * as v from "valibot";
import { Count } from "./count.ts";
import { check, decodeUtf8 } from "./decode.ts";
import { parseJson, stringifyJson } from "./json.ts";
import { ShortText } from "./length.ts";
import { refuse, succeed, type Result } from "./result.ts";
import { Timestamp } from "./timestamp.ts";

/**
 * Where reading goes on after a chunk. `from` is the launcher's own mark of a place in the raw log; `skip` bytes after it
 * are in this chunk or before, and the first `covered` bytes behind those belong to a secret that is already masked.
 */
export const LogCheckpoint = v.object({ from: ShortText, skip: Count, covered: Count });
export type LogCheckpoint = v.InferOutput<typeof LogCheckpoint>;

const Header = v.object({
  v: v.literal(1),
  /** 0, 1, 2 … for each run without a gap: a reader that misses one knows that the stream's limits took it. */
  index: Count,
  time: Timestamp,
  checkpoint: LogCheckpoint,
  /** True in the last chunk of a run, which may be empty. */
  end: v.optional(v.boolean()),
  /** Bytes that could not be read before this chunk; undefined when none are missing. */
  gap: v.optional(v.object({ bytes: v.optional(Count), reason: ShortText })),
});
export type LogChunkHeader = v.InferOutput<typeof Header>;

/** A chunk: its header, and log text in UTF-8, cut anywhere between two characters. */
export interface LogChunk {
  readonly header: LogChunkHeader;
  readonly text: Uint8Array;
}

const newline = 0x0a;
const encoder = new TextEncoder();

export function encodeLogChunk({ header, text }: LogChunk): Uint8Array {
  const head = encoder.encode(`${stringifyJson(header)}\n`);
  const bytes = new Uint8Array(head.length + text.length);
  bytes.set(head);
  bytes.set(text, head.length);
  return bytes;
}

export function decodeLogChunk(bytes: Uint8Array): Result<LogChunk> {
  const end = bytes.indexOf(newline);
  if (end < 0) return refuse("a log chunk without a header line");
  const head = decodeUtf8(bytes.subarray(0, end));
  if (!head.ok) return head;
  const parsed = parseJson(head.value);
  if (!parsed.ok) return parsed;
  const header = check(Header, parsed.value);
  return header.ok ? succeed({ header: header.value, text: bytes.subarray(end + 1) }) : header;
}
