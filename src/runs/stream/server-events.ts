/** Server-sent events (WHATWG HTML, section 9.2): from the bytes of an answer to its events. */

export interface ServerEvent {
  /** `message` where the stream names none. */
  readonly event: string;
  readonly data: string;
  /** The stream's last id up to here; undefined while there was none. */
  readonly id: string | undefined;
}

/** Far more than an event of ours can have, characters. */
const longestEvent = 8 * 1024 * 1024;

/** What is not complete at the end of the stream is dropped, as the standard has it. Throws for an endless event. */
export async function* parseServerEvents(
  pieces: AsyncIterable<Uint8Array>,
  { onBytes }: { onBytes?: () => void } = {},
): AsyncGenerator<ServerEvent> {
  let id: string | undefined;
  let event = "";
  let data: string[] = [];
  for await (const line of readLines(pieces, onBytes)) {
    if (line === "") {
      if (data.length > 0) yield { event: event || "message", data: data.join("\n"), id };
      event = "";
      data = [];
      continue;
    }
    const [name, value] = splitField(line);
    if (name === "data") data.push(value);
    else if (name === "event") event = value;
    else if (name === "id" && !value.includes("\0")) id = value;
  }
}

/** A line without a name is a comment. */
function splitField(line: string): [name: string, value: string] {
  const colon = line.indexOf(":");
  if (colon < 0) return [line, ""];
  const value = line.slice(colon + 1);
  return [line.slice(0, colon), value.startsWith(" ") ? value.slice(1) : value];
}

async function* readLines(pieces: AsyncIterable<Uint8Array>, onBytes?: () => void): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const piece of pieces) {
    onBytes?.();
    const lines = (rest + decoder.decode(piece, { stream: true })).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? "";
    if (rest.length > longestEvent)
      throw new Error(
        `Cannot read the stream: an event is ${rest.length} characters, the limit is ${longestEvent} characters`,
      );
    yield* lines;
  }
}
