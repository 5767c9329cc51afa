/**
 * Finds secrets in bytes. Most of the text is jumped over with the shift table; where a jump isn't possible a hash of four
 * bytes rules out nearly all places; what is left is narrowed down among sorted patterns, byte by byte. The time doesn't
 * depend on how many patterns there are, but where they share their beginnings with the text.
 */
import type { Patterns } from "./patterns.ts";
import { hashFour, hashThree, readWord, toDrop } from "./tables.ts";

export interface Found {
  /** Where matches begin and end, in pairs: the longest one at each place where any begins, in order. They may overlap. */
  readonly matches: readonly number[];
  /** All matches that begin before this place are found; at it one has begun that may go on in bytes to come. */
  readonly decided: number;
}

/** With `final` nothing comes behind these bytes, so that everything is decided. */
export function scan(text: Uint8Array, patterns: Patterns, { final }: { final: boolean }): Found {
  const matches: number[] = [];
  let at = findCandidate(text, 0, patterns);
  while (at < text.length) {
    const found = findEnd(text, at, patterns);
    if (found < 0 && !final) return { matches, decided: at };
    const end = found < 0 ? ~found : found;
    if (end > at) matches.push(at, end);
    at = findCandidate(text, at + 1, patterns);
  }
  return { matches, decided: text.length };
}

/** The first place from `at` on where a pattern may begin; the text's end if there is none. */
function findCandidate(text: Uint8Array, at: number, { count, head, shifts, places, firstBytes }: Patterns): number {
  if (count === 0) return text.length;
  const drop = toDrop(shifts.length);
  const placesDrop = toDrop(places.length / 2);
  let window = at + head - 1;
  while (window < text.length) {
    const shift = shifts[hashThree(text[window - 2] ?? 0, text[window - 1] ?? 0, text[window] ?? 0, drop)] ?? 0;
    const start = window - head + 1;
    if (shift === 0 && places[hashFour(readWord(text, start), placesDrop) * 2] !== 0) return start;
    window += shift === 0 ? 1 : shift;
  }
  // Less than a window is left: here only the beginnings of patterns can be.
  let start = window - head + 1;
  while (start < text.length && firstBytes[text[start] ?? 0] === 0) start++;
  return Math.min(start, text.length);
}

/**
 * Where the longest pattern ends that is at this place; `at` if none is. Its complement (negative) when one
 * has begun that may go on in bytes to come.
 */
function findEnd(text: Uint8Array, at: number, patterns: Patterns): number {
  const { bytes, starts } = patterns;
  let { first, last } = findRange(text, at, patterns);
  let end = at;
  let depth = 0;
  while (first < last) {
    // The patterns are sorted: what the first and the last one in range have in common all of them have.
    const low = starts[first] ?? 0;
    const high = starts[last - 1] ?? 0;
    const length = (starts[first + 1] ?? 0) - low;
    const most = Math.min(length, text.length - at);
    while (depth < most && bytes[low + depth] === text[at + depth] && bytes[high + depth] === text[at + depth]) depth++;
    if (depth === length) {
      end = at + depth;
      first++;
    } else if (depth === most) {
      return ~end;
    } else {
      const range = { first, last, depth };
      const byte = text[at + depth] ?? 0;
      first = findBound(patterns, range, byte);
      last = findBound(patterns, range, byte + 1);
    }
  }
  return end;
}

type Range = { readonly first: number; readonly last: number };

/** The patterns that begin with the four bytes at this place; all patterns where four bytes aren't there yet. */
function findRange(text: Uint8Array, at: number, { count, bytes, starts, places }: Patterns): Range {
  if (at + 4 > text.length) return { first: 0, last: count };
  const word = readWord(text, at);
  const mask = places.length / 2 - 1;
  for (let place = hashFour(word, toDrop(mask + 1)); ; place = (place + 1) & mask) {
    const first = (places[place * 2] ?? 0) - 1;
    if (first < 0) return { first: 0, last: 0 };
    if (readWord(bytes, starts[first] ?? 0) === word) return { first, last: places[place * 2 + 1] ?? 0 };
  }
}

/** The first pattern in range whose byte at this depth is `least` or more. */
function findBound(
  { bytes, starts }: Patterns,
  { first, last, depth }: Range & { depth: number },
  least: number,
): number {
  let low = first;
  let high = last;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((bytes[(starts[middle] ?? 0) + depth] ?? 0) < least) low = middle + 1;
    else high = middle;
  }
  return low;
}
