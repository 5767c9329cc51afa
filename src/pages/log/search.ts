/** Searching a log: which lines have a text in them, large and small letters alike. */
import type { LineStore, ScannedBlock } from "./line-store.ts";
import type { StyledPiece } from "./style-line.ts";

/** What finds a text, and nothing else, however it is written. */
export function buildPattern(query: string): RegExp {
  return new RegExp(query.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, "\\$&"), "gi");
}

/** Indexes of lines that match, in order. */
export function findInBlock({ text, starts, first }: ScannedBlock, pattern: RegExp): number[] {
  const found: number[] = [];
  let line = 0;
  for (const { index } of text.matchAll(pattern)) {
    while ((starts[line + 1] ?? Infinity) <= index) line++;
    if (found.at(-1) !== first + line) found.push(first + line);
  }
  return found;
}

export interface Search {
  readonly pattern: RegExp;
  /** Lines that match, as far as the log was looked through, in order. */
  readonly lines: readonly number[];
  /** Looks on for a little while; false when there is nothing more to look through for now. */
  advance(milliseconds: number): boolean;
}

export function createSearch(store: Pick<LineStore, "scan" | "count">, query: string): Search {
  const pattern = buildPattern(query);
  const lines: number[] = [];
  let next = 0;
  return {
    pattern,
    lines,
    advance(milliseconds) {
      const end = performance.now() + milliseconds;
      next = store.scan(next, (block) => {
        // The block, or a part of it, may have been looked through before it was whole.
        const last = lines.at(-1) ?? -1;
        for (const line of findInBlock(block, pattern)) if (line > last) lines.push(line);
        return performance.now() < end;
      });
      return next < store.count() - 1;
    },
  };
}

/** Pieces of a line, with what matches marked; a match may go over several pieces. */
export interface MarkedPiece extends StyledPiece {
  readonly marked: boolean;
}

export function markPieces(pieces: readonly StyledPiece[], pattern: RegExp | undefined): MarkedPiece[] {
  const unmarked = pieces.map((piece) => ({ ...piece, marked: false }));
  if (pattern === undefined) return unmarked;
  const text = pieces.map((piece) => piece.text).join("");
  const cuts = [...text.matchAll(pattern)].flatMap(({ index, 0: found }) => [index, index + found.length]);
  if (cuts.length === 0) return unmarked;
  const marked: MarkedPiece[] = [];
  let at = 0;
  let end = 0;
  let passed = 0;
  // Both go forward only: a line may match at each of its characters.
  for (const { text: whole, classes } of pieces) {
    end += whole.length;
    while (at < end) {
      while ((cuts[passed] ?? Infinity) <= at) passed++;
      const to = Math.min(cuts[passed] ?? Infinity, end);
      // An even number of cuts lies before text outside of matches.
      marked.push({ text: text.slice(at, to), classes, marked: passed % 2 === 1 });
      at = to;
    }
  }
  return marked;
}
