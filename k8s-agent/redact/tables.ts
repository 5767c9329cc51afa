/** The two tables that let the scan pass over most of the text, and look at few patterns where it can't. */

export interface PackedPatterns {
  readonly count: number;
  /** All patterns, one behind the other, in the order of their bytes, none twice. */
  readonly bytes: Uint8Array;
  /** Where each pattern begins in `bytes`, and at the end where the last one ends. */
  readonly starts: Int32Array;
}

/** A table that doesn't fit into a processor's cache costs more than its hits save. */
const mostShifts = 2 ** 20;

/** The place of three bytes in a table of `2 ** (32 - drop)` places. */
export function hashThree(a: number, b: number, c: number, drop: number): number {
  return Math.imul((a << 16) | (b << 8) | c, 0x9e3779b1) >>> drop;
}

/** The place of four bytes in a table of `2 ** (32 - drop)` places. */
export function hashFour(word: number, drop: number): number {
  return Math.imul(word, 0x9e3779b1) >>> drop;
}

/** Four bytes from `at` on as one number. */
export function readWord(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
}

/** `drop` of a table with so many places. */
export function toDrop(places: number): number {
  return Math.clz32(places) + 1;
}

/**
 * Wu and Manber's shift table: for each three bytes (by hash, the smallest of those that share a place) how far the
 * window of `head` bytes that ends with them may move on before a pattern can begin at its start; 0: one may right there.
 */
export function buildShifts({ count, bytes, starts }: PackedPatterns, head: number): Uint8Array {
  const triples = Math.max(1, head - 2);
  // Four places for each entry: with more the scan is hardly any faster, and each run has a table of its own.
  const wanted = Math.min(count * triples * 4, mostShifts);
  const shifts = new Uint8Array(choosePlaces(wanted)).fill(triples);
  const drop = toDrop(shifts.length);
  for (const start of starts.subarray(0, count)) {
    for (let end = 2; end < head; end++) {
      const at = start + end;
      const place = hashThree(bytes[at - 2] ?? 0, bytes[at - 1] ?? 0, bytes[at] ?? 0, drop);
      shifts[place] = Math.min(shifts[place] ?? 0, head - 1 - end);
    }
  }
  return shifts;
}

/**
 * Open addressing by the first four bytes of the patterns. Two numbers a place: the first pattern's index + 1, and the
 * index behind the last pattern with the same four bytes.
 */
export function buildPlaces({ count, bytes, starts }: PackedPatterns): Int32Array {
  const size = choosePlaces(count * 4);
  const places = new Int32Array(size * 2);
  const drop = toDrop(size);
  for (let first = 0, end = 0; first < count; first = end) {
    const word = readWord(bytes, starts[first] ?? 0);
    for (end = first + 1; end < count && readWord(bytes, starts[end] ?? 0) === word;) end++;
    let place = hashFour(word, drop);
    while (places[place * 2] !== 0) place = (place + 1) & (size - 1);
    places[place * 2] = first + 1;
    places[place * 2 + 1] = end;
  }
  return places;
}

/** The power of two that isn't less than what is asked for. */
function choosePlaces(wanted: number): number {
  return 2 ** Math.max(8, Math.ceil(Math.log2(Math.max(1, wanted))));
}
