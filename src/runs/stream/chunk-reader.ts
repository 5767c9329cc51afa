/** Log chunks as teams see them, with what is missing between two of them. */
import type { Entry } from "../../bus/port.ts";
import { decodeLogChunk, type LogChunkHeader } from "../../contract/log-chunk.ts";
import type { LogLine } from "../../contract/runs-api/log-line.ts";

export type LogItem = Omit<LogLine, "cursor">;

export interface ChunkReaderOptions {
  /** Entries up to this sequence are known to the reader: they only say what comes next. */
  readonly after: number;
  /** Whether the first chunk that is read may be any, with nothing missing before it. */
  readonly beginsAnywhere: boolean;
  /** How many lines of the first chunk are left out. */
  readonly skipLines: number;
}

export interface ChunkReader {
  /** What to tell of the next entry; undefined: nothing. */
  read(entry: Entry): LogItem | undefined;
  /** Whether the last chunk of the log has been read. */
  hasEnded(): boolean;
}

const decoder = new TextDecoder();

export function createChunkReader({ after, beginsAnywhere, ...options }: ChunkReaderOptions): ChunkReader {
  let { skipLines } = options;
  let expected = after === 0 && !beginsAnywhere ? 0 : undefined;
  let knows = after === 0;
  let ended = false;

  function read(entry: Entry): LogItem | undefined {
    const chunk = decodeLogChunk(entry.data);
    // The next one's index says that something is missing.
    if (!chunk.ok) return undefined;
    const { header } = chunk.value;
    const { index, time, end = false } = header;
    ended = end;
    const gap = describeGap(header, { expected, knows: knows || entry.sequence <= after });
    expected = index + 1;
    knows = true;
    if (entry.sequence <= after) return undefined;
    const text = dropLines(decoder.decode(chunk.value.text), skipLines);
    skipLines = 0;
    return { index, time, text, ...(gap === undefined ? {} : { gap }), ...(end ? { end } : {}) };
  }

  return { read, hasEnded: () => ended };
}

/** What the agent could not read, and what the broker's limits took. */
function describeGap(
  { index, gap }: LogChunkHeader,
  { expected, knows }: { expected: number | undefined; knows: boolean },
): LogItem["gap"] {
  if (!knows) return { reason: "the broker's limits have taken the log from where the reader stopped" };
  const chunks = index - (expected ?? index);
  if (chunks <= 0) return gap;
  const reason = `the broker's limits have taken ${chunks} chunks`;
  return gap === undefined ? { chunks, reason } : { ...gap, chunks, reason: `${reason}; ${gap.reason}` };
}

function dropLines(text: string, count: number): string {
  let start = 0;
  for (let i = 0; i < count; i++) start = text.indexOf("\n", start) + 1 || text.length;
  return text.slice(start);
}
