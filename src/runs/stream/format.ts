/** Frames as text: JSON lines, or server-sent events (WHATWG HTML, 9.2). */
import { stringifyJson } from "../../contract/json.ts";
import type { Frame } from "./frame.ts";
import { withTicks } from "./with-ticks.ts";

/** How long a client waits before it connects again, milliseconds. */
const retry = 2000;

/** One JSON object a line; the end is the end. */
export async function* formatJsonLines<T extends object>(frames: AsyncIterable<Frame<T>>): AsyncGenerator<string> {
  for await (const frame of frames)
    if (frame.kind === "item") yield `${stringifyJson({ ...frame.item, cursor: frame.cursor })}\n`;
}

/**
 * A comment comes after so long without anything: proxies take a silent connection for a dead one, and whoever has gone
 * away is noticed. JSON has no line breaks outside its strings, and none in them that isn't escaped: one `data` line holds it.
 */
export async function* formatServerSentEvents<T extends object>(
  frames: AsyncIterable<Frame<T>>,
  heartbeatMilliseconds: number,
): AsyncGenerator<string> {
  yield `retry: ${retry}\n\n`;
  for await (const frame of withTicks(frames, heartbeatMilliseconds)) {
    if (frame === undefined) yield ": still here\n\n";
    else if (frame.kind === "end") yield `event: end\ndata: ${stringifyJson(frame.end)}\n\n`;
    else yield `id: ${frame.cursor}\ndata: ${stringifyJson({ ...frame.item, cursor: frame.cursor })}\n\n`;
  }
}
