import type { LogItem } from "./chunk-reader.ts";
import type { Frame } from "./frame.ts";

/** A log as plain text; what is missing has a line of its own. */
export async function* formatText(frames: AsyncIterable<Frame<LogItem>>): AsyncGenerator<string> {
  for await (const frame of frames) {
    if (frame.kind !== "item") continue;
    const { gap, text } = frame.item;
    if (gap !== undefined)
      yield `\n[${gap.bytes === undefined ? "Something" : `${gap.bytes} bytes`} missing: ${gap.reason}]\n`;
    if (text !== "") yield text;
  }
}
