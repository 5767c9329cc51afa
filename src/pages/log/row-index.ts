/**
 * Which rows of the screen a line takes. Unwrapped that is one for each; wrapped it follows from how long the line is, as
 * every character of the log's type is as wide as the next. Some are wider: then a row is a little off, and nothing more.
 */
export interface RowIndex {
  /** Takes in lines that came, and the last one, which may have grown. */
  update(count: number): void;
  /** All rows. */
  rows(): number;
  /** The first row of a line. */
  rowOf(line: number): number;
  /** The line that a row belongs to. */
  lineAt(row: number): number;
}

export function createPlainRows(): RowIndex {
  let count = 0;
  return {
    update(next) {
      count = next;
    },
    rows: () => count,
    rowOf: (line) => line,
    lineAt: (row) => Math.min(Math.max(0, Math.floor(row)), Math.max(0, count - 1)),
  };
}

export function createWrappedRows({ width, columns }: { width: (line: number) => number; columns: number }): RowIndex {
  /** The row behind each line. */
  const ends: number[] = [];
  const rowsOf = (line: number) => Math.max(1, Math.ceil(width(line) / columns));
  return {
    update(count) {
      // The last one may not have been whole.
      for (let line = Math.max(0, ends.length - 1); line < count; line++)
        ends[line] = (ends[line - 1] ?? 0) + rowsOf(line);
    },
    rows: () => ends.at(-1) ?? 0,
    rowOf: (line) => ends[line - 1] ?? 0,
    lineAt(row) {
      let low = 0;
      let high = Math.max(0, ends.length - 1);
      while (low < high) {
        const middle = Math.floor((low + high) / 2);
        if ((ends[middle] ?? 0) > row) high = middle;
        else low = middle + 1;
      }
      return low;
    },
  };
}
