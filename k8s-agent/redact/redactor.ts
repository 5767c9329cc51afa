/**
 * Masks secrets in a stream of bytes. All occurrences of all patterns are found, and each run of overlapping ones becomes
 * one mask. What can't be decided yet is held back: the end of the bytes seen, from where a pattern may have begun, and a
 * character that isn't complete; less than the longest pattern. However the input is cut, and wherever another process
 * goes on, the output is the same.
 */
import type { LogCheckpoint } from "../../src/contract/log-chunk.ts";
import { createMarks } from "./marks.ts";
import { longestPattern, type Patterns } from "./patterns.ts";
import { renderParts } from "./render.ts";
import { scan } from "./scan.ts";
import { endOfCharacters } from "./utf8.ts";

/** A piece of the raw log, and the mark of the place where it begins. */
export interface RawPiece {
  readonly mark: string;
  readonly bytes: Uint8Array;
}

/** Redacted text, and the place up to which everything is in it or in parts before. */
export interface RedactedPart {
  /** UTF-8, whole characters. May be a view of the piece's own bytes: use it or copy it before the next `push`. */
  readonly text: Uint8Array;
  readonly checkpoint: LogCheckpoint;
}

export interface Redactor {
  /** Takes the next bytes, and returns what is decided by now. */
  push(piece: RawPiece): RedactedPart[];
  /** Returns what was held back, as nothing comes any more. */
  flush(): RedactedPart[];
  /** The place behind all that was returned. */
  readonly checkpoint: LogCheckpoint;
}

/**
 * Creates a redactor for a log from its beginning, or from a checkpoint: then the pieces must begin at its mark.
 *
 * @example
 * const redactor = createRedactor(patterns, { resume: checkpoint });
 * for await (const piece of launcher.readLog(runId, { from: checkpoint.from, signal })) send(redactor.push(piece));
 * send(redactor.flush());
 */
export function createRedactor(patterns: Patterns, { resume }: { resume?: LogCheckpoint | undefined } = {}): Redactor {
  const marks = createMarks(resume?.from ?? "");
  // Places are counted in bytes from the first mark.
  let received = 0;
  let done = resume?.skip ?? 0;
  let covered = resume?.covered ?? 0;
  let held: Uint8Array = new Uint8Array();

  function advance(bytes: Uint8Array, { final }: { final: boolean }): RedactedPart[] {
    const { matches, decided } = scan(bytes, patterns, { final });
    // An incomplete character is shorter than any pattern: no match begins in it.
    const end = final ? bytes.length : Math.min(decided, endOfCharacters(bytes));
    const rendered = renderParts({ bytes, matches, end, covered });
    const parts = rendered.map((part) => ({
      text: part.text,
      checkpoint: marks.locate(done + part.end, part.covered),
    }));
    done += end;
    covered = rendered.at(-1)?.covered ?? covered;
    // A copy, as a launcher may use its buffer again (a Buffer's own `slice` would be a view).
    held = new Uint8Array(bytes.subarray(end));
    return parts;
  }

  return {
    push({ mark, bytes }) {
      marks.add(mark, received);
      const fresh = bytes.subarray(Math.max(0, done + held.length - received));
      received += bytes.length;
      if (held.length === 0) return advance(fresh, { final: false });
      // Only the seam is copied: with so much behind it, all that was held back is decided.
      const seam = fresh.subarray(0, longestPattern);
      const parts = advance(Buffer.concat([held, seam]), { final: false });
      if (seam.length === fresh.length) return parts;
      return [...parts, ...advance(fresh.subarray(seam.length - held.length), { final: false })];
    },
    flush: () => advance(held, { final: true }),
    get checkpoint() {
      return marks.locate(done, covered);
    },
  };
}
