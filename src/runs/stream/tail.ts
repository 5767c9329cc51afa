/** Where the last lines of a run's log begin. */
import type { Journal } from "../../bus/port.ts";
import { decodeLogChunk } from "../../contract/log-chunk.ts";
import type { RunAddress } from "../../contract/names.ts";
import { readEntries } from "./read-entries.ts";

export interface TailStart {
  /** The sequence behind which the first chunk is. */
  readonly from: number;
  /** How many lines of that chunk are not among the last ones. */
  readonly skipLines: number;
}

export interface TailOptions {
  readonly lines: number;
  /** A log may have no line breaks: so many bytes as they are stored are enough, whatever lines they are. */
  readonly bytes: number;
  readonly last: number;
  readonly signal: AbortSignal;
}

interface Counted {
  readonly sequence: number;
  readonly breaks: number;
  /** With its header: chunks may be without any text. */
  readonly bytes: number;
}

const firstWindow = 64;
const newline = 0x0a;

/**
 * A stream can't be read backwards by subject, and other runs' chunks are in between: windows that grow are read until one
 * has enough. Only the number of lines of each chunk is held.
 */
export async function findTail(
  logs: Pick<Journal, "follow" | "last">,
  address: RunAddress,
  { lines, bytes, last, signal }: TailOptions,
): Promise<TailStart> {
  for (let window = firstWindow; !signal.aborted; window *= 8) {
    const after = Math.max(0, last - window);
    const counted: Counted[] = [];
    let isWhole = true;
    for await (const entry of readEntries(logs, address, { after, last, signal })) {
      const chunk = decodeLogChunk(entry.data);
      const text = chunk.ok ? chunk.value.text : new Uint8Array();
      counted.push({ sequence: entry.sequence, breaks: countBreaks(text), bytes: entry.data.length });
      if (text.length > 0) isWhole = text.at(-1) === newline;
    }
    const start = findStart(counted, { lines: isWhole ? lines : lines - 1, bytes });
    if (start !== undefined) return start;
    if (after === 0) break;
  }
  return { from: 0, skipLines: 0 };
}

/** Behind which line break the last lines begin, or in which chunk the last bytes do; undefined where there is less. */
function findStart(
  counted: readonly Counted[],
  { lines, bytes }: Pick<TailOptions, "lines" | "bytes">,
): TailStart | undefined {
  let breaks = 0;
  let left = bytes;
  for (const chunk of counted.toReversed()) {
    breaks += chunk.breaks;
    left -= chunk.bytes;
    // The break before the first of the lines has to be seen, too.
    if (breaks > lines) return { from: chunk.sequence - 1, skipLines: breaks - lines };
    if (left <= 0) return { from: chunk.sequence - 1, skipLines: 0 };
  }
  return undefined;
}

function countBreaks(text: Uint8Array): number {
  let count = 0;
  for (let at = text.indexOf(newline); at >= 0; at = text.indexOf(newline, at + 1)) count++;
  return count;
}
