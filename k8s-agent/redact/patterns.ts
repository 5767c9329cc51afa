/**
 * All forms of all secrets as byte strings, laid out for the scan: sorted and packed into one array, with two tables. A
 * run's patterns live as long as it does, so they are kept small: a typical run's take some 10 KiB.
 */
import { listForms } from "./forms.ts";
import { buildPlaces, buildShifts, type PackedPatterns } from "./tables.ts";
import { shortestSecret } from "./secrets.ts";
import { startOfCharacter } from "./utf8.ts";

/**
 * A longer form is cut in segments of this many bytes, each overlapping half of the one before: how much is held back
 * is bounded, a part of a long secret is masked too, and the whole is still one mask, as its segments' overlap.
 */
export const longestPattern = 256;

/** More of a pattern's head doesn't make skipping faster. */
const longestHead = 16;

/** What the scan needs; made by `buildPatterns`. */
export interface Patterns extends PackedPatterns {
  /** Bytes of each pattern's head that `shifts` was made from: no pattern is shorter. 0: there are no patterns. */
  readonly head: number;
  /** By the hash of three bytes at the end of a window of `head` bytes: how far on the next pattern can begin (Wu-Manber). */
  readonly shifts: Uint8Array;
  /** By the hash of four bytes: the patterns that begin with them, as first + 1 and end; 0 is an empty place. */
  readonly places: Int32Array;
  /** Whether any pattern begins with this byte. */
  readonly firstBytes: Uint8Array;
}

/**
 * Builds the patterns that mask these values in every form that `listForms` knows.
 *
 * @example const patterns = buildPatterns(collectSecrets(run.inputs).values);
 */
export function buildPatterns(values: readonly string[]): Patterns {
  const list = listPatterns(values);
  const starts = new Int32Array(list.length + 1);
  for (const [index, pattern] of list.entries()) starts[index + 1] = (starts[index] ?? 0) + pattern.length;
  // A copy, as a small Buffer is part of a large one.
  const bytes = new Uint8Array(Buffer.from(list.join(""), "latin1"));
  const packed = { count: list.length, bytes, starts };
  const head = list.reduce((least, { length }) => Math.min(least, length), list.length === 0 ? 0 : longestHead);
  const firstBytes = new Uint8Array(256);
  for (const start of starts.subarray(0, -1)) firstBytes[bytes[start] ?? 0] = 1;
  return { ...packed, head, shifts: buildShifts(packed, head), places: buildPlaces(packed), firstBytes };
}

/**
 * The patterns themselves: sorted, none twice, each of `shortestSecret` to `longestPattern` bytes. A character stands for a
 * byte (Latin-1): texts are sorted many times faster than arrays of bytes, and a secret of 500 KB has 200,000 of them.
 */
export function listPatterns(values: readonly string[]): string[] {
  const forms = new Set(values.flatMap(listForms));
  const segments = [...forms].flatMap((form) => cutSegments(Buffer.from(form)));
  const sorted = segments.filter(({ length }) => length >= shortestSecret).sort();
  return sorted.filter((pattern, index) => pattern !== sorted[index - 1]);
}

/** Cut between characters: a match must not begin or end inside of one. */
function cutSegments(form: Buffer): string[] {
  const segments: string[] = [];
  let start = 0;
  while (form.length - start > longestPattern) {
    segments.push(form.toString("latin1", start, startOfCharacter(form, start + longestPattern)));
    start = startOfCharacter(form, start + longestPattern / 2);
  }
  segments.push(form.toString("latin1", start));
  return segments;
}
