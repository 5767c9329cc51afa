/** From raw bytes and the matches in them to masked text, in parts after each of which another process can go on. */
import { startOfCharacter, toUtf8 } from "./utf8.ts";

/** What stands for a secret. */
const mask = Buffer.from("***");

/** Raw bytes in a part: few, so that parts fill chunks well. Text that isn't UTF-8 at all comes out three times as long. */
const partBytes = 4096;

export interface Rendered {
  /** In UTF-8, whole characters. */
  readonly text: Uint8Array;
  /** Where the part ends in the raw bytes. */
  readonly end: number;
  /** Raw bytes behind the part that belong to a mask that is out already. */
  readonly covered: number;
}

export interface Renderable {
  readonly bytes: Uint8Array;
  /** As `scan` found them: pairs of beginning and end, ordered by beginning. */
  readonly matches: readonly number[];
  /** Renders up to here. */
  readonly end: number;
  /** Bytes at the beginning whose mask is out already. */
  readonly covered: number;
}

/**
 * Renders bytes in parts. Matches that overlap are one mask, which is in the part where it begins; those that only touch
 * are two, so that whoever goes on between them needs to know nothing about the first.
 */
export function renderParts({ bytes, matches, end, covered }: Renderable): Rendered[] {
  const parts: Rendered[] = [];
  let next = 0;
  let clear = covered;
  for (let from = 0; from < end;) {
    const to = from + partBytes < end ? startOfCharacter(bytes, from + partBytes) : end;
    const shown: Uint8Array[] = [];
    clear = Math.max(clear, from);
    for (; (matches[next] ?? to) < to; next += 2) {
      const begin = matches[next] ?? to;
      if (begin >= clear) shown.push(bytes.subarray(clear, begin), mask);
      clear = Math.max(clear, matches[next + 1] ?? to);
    }
    if (clear < to) shown.push(bytes.subarray(clear, to));
    parts.push({ text: toUtf8(join(shown)), end: to, covered: Math.max(0, clear - to) });
    from = to;
  }
  return parts;
}

function join(pieces: readonly Uint8Array[]): Uint8Array {
  return pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces);
}
