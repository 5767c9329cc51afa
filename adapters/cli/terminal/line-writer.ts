/** Log text that comes in pieces, shown in whole lines, each behind a margin. */
import { createTextCleaner } from "../../../src/runs/words/safe-text.ts";

export interface LineWriter {
  push(text: string): void;
  /** Shows what has no line end, as a line. */
  end(): void;
}

/** A line without an end is shown in pieces of this many characters. */
const longestLine = 64 * 1024;

export function createLineWriter(options: { colour: boolean; writeLine: (line: string) => void }): LineWriter {
  const { colour } = options;
  // Colours must not run into the next margin.
  const writeLine = (line: string) => options.writeLine(line.includes("\x1b[") ? `${line}\x1b[0m` : line);
  const cleaner = createTextCleaner({ colour });
  let rest = "";
  const take = (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) writeLine(line);
    if (rest.length < longestLine) return;
    writeLine(rest);
    rest = "";
  };
  return {
    push: (text) => take(cleaner.push(text)),
    end() {
      take(cleaner.end());
      // Colours that end here are no line.
      if (rest.replaceAll(/\x1b\[[\d;:]*m/g, "") !== "") writeLine(rest);
      rest = "";
    },
  };
}
