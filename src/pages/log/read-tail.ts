/** The end of a run's log for those who read without JavaScript: bounded, however long the log is. */
import type { Bus } from "../../bus/port.ts";
import { createTextCleaner } from "../../runs/words/safe-text.ts";
import type { FoundRun } from "../../runs/find-run.ts";
import { describeGap } from "../../runs/stream/format-text.ts";
import { streamRunLog } from "../../runs/stream/run-log.ts";

export const tailLines = 300;
const mostCharacters = 256 * 1024;

export interface LogTail {
  readonly lines: readonly string[];
  /** Whether there is more before them. */
  readonly cut: boolean;
}

export async function readTail(
  run: FoundRun,
  { bus, signal }: { bus: Pick<Bus, "events" | "logs">; signal: AbortSignal },
): Promise<LogTail> {
  const cleaner = createTextCleaner({ colour: true });
  // A line may be long: the end of what there is, not all of it. Chunks have headers, and characters several bytes.
  const tailBytes = 4 * mostCharacters;
  const frames = streamRunLog(run, { bus, after: 0, follow: false, tail: tailLines + 1, tailBytes, signal });
  let text = "";
  let cut: boolean | undefined;
  for await (const frame of frames) {
    if (frame.kind !== "item") continue;
    const { index, gap, text: piece } = frame.item;
    // Of the first one that is read.
    cut ??= index > 0;
    text += cleaner.push(gap === undefined ? piece : describeGap(gap) + piece);
    if (text.length <= 2 * mostCharacters) continue;
    text = text.slice(-mostCharacters);
    cut = true;
  }
  text += cleaner.end();
  const lines = text.slice(-mostCharacters).split("\n");
  if (lines.at(-1) === "") lines.pop();
  return {
    lines: lines.slice(-tailLines),
    cut: cut === true || text.length > mostCharacters || lines.length > tailLines,
  };
}
