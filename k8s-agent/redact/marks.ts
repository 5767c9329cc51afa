/** Remembers where the log's pieces begin, to say any later place in the launcher's own terms. */
import type { LogCheckpoint } from "../../src/contract/log-chunk.ts";

export interface Marks {
  /** A piece begins here. */
  add(mark: string, place: number): void;
  /** Puts a place as the last mark before it and the bytes behind that. Places before this one are forgotten. */
  locate(place: number, covered: number): LogCheckpoint;
}

/** `first`: the mark at place 0. */
export function createMarks(first: string): Marks {
  const marks = [{ mark: first, place: 0 }];
  return {
    add(mark, place) {
      // Of several pieces that begin here the earlier ones are empty.
      if (marks.at(-1)?.place === place) marks.pop();
      marks.push({ mark, place });
    },
    locate(place, covered) {
      while ((marks[1]?.place ?? Infinity) <= place) marks.shift();
      return { from: marks[0]?.mark ?? first, skip: place - (marks[0]?.place ?? 0), covered };
    },
  };
}
