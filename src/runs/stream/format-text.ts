import type { LogLine } from "../../contract/runs-api/log-line.ts";
import type { Frame } from "./frame.ts";

/** A log as plain text; what is missing has a line of its own. */
export async function* formatText(frames: AsyncIterable<Frame<Pick<LogLine, "text" | "gap">>>): AsyncGenerator<string> {
  for await (const frame of frames) {
    if (frame.kind !== "item") continue;
    const { gap, text } = frame.item;
    if (gap !== undefined) yield describeGap(gap);
    if (text !== "") yield text;
  }
}

/** The line that says what is missing. */
export function describeGap({ bytes, reason }: NonNullable<LogLine["gap"]>): string {
  return `\n[${bytes === undefined ? "Something" : `${bytes} bytes`} missing: ${reason}]\n`;
}
