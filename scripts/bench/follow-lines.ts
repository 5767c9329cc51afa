/** When the lines of a run's log come to a subscriber over HTTP, on the clock that all processes of a machine share. */
import { once } from "node:events";
import { request, type IncomingMessage } from "node:http";
import { parseServerEvents } from "../../src/runs/stream/server-events.ts";
import { isJsonObject, parseJson } from "../../src/contract/json.ts";

/** A line, and when it came: nanoseconds. */
export interface SeenLine {
  readonly text: string;
  readonly at: bigint;
}

/** Lines of text that comes piece by piece. */
export function createLineCutter(): (piece: string) => string[] {
  let rest = "";
  return (piece) => {
    const lines = (rest + piece).split("\n");
    rest = lines.pop() ?? "";
    return lines;
  };
}

/** The lines of a run's log as server-sent events bring them, to its end. */
export async function followLines(url: string): Promise<SeenLine[]> {
  const outgoing = request(url, { headers: { accept: "text/event-stream" }, agent: false });
  outgoing.end();
  const [incoming] = (await once(outgoing, "response")) as [IncomingMessage];
  if (incoming.statusCode !== 200) throw new Error(`Cannot follow ${url}: it answers ${incoming.statusCode}`);
  const lines: SeenLine[] = [];
  const cut = createLineCutter();
  for await (const { data, event } of parseServerEvents(incoming)) {
    const at = process.hrtime.bigint();
    if (event === "end") break;
    const item = parseJson(data);
    const text = item.ok && isJsonObject(item.value) ? item.value["text"] : undefined;
    if (typeof text === "string") lines.push(...cut(text).map((line) => ({ text: line, at })));
  }
  outgoing.destroy();
  return lines;
}
