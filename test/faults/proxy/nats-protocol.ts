/**
 * Enough of NATS' client protocol to see its messages go by, in both directions: lines that end with CRLF, some of which
 * are followed by a payload of so many bytes and another CRLF.
 *
 *     PUB subject [reply] bytes                  to the broker
 *     HPUB subject [reply] headerBytes bytes
 *     MSG subject sid [reply] bytes              from the broker
 *     HMSG subject sid [reply] headerBytes bytes
 */

/** A message as it goes by. */
export interface NatsMessage {
  readonly subject: string;
  /** Where an answer is expected; empty where there is none. */
  readonly reply: string;
  /** The header block as text; empty where there is none. */
  readonly headers: string;
  readonly payload: string;
}

export interface Frame {
  /** As it came, and as it is sent on. */
  readonly bytes: Buffer;
  /** Undefined for everything else that is said. */
  readonly message: NatsMessage | undefined;
}

const crlf = "\r\n";

/** Cuts a stream of bytes into frames; what is not whole yet waits for more. */
export function createFrameReader(): (chunk: Buffer) => Frame[] {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const frames: Frame[] = [];
    for (let frame = readFrame(rest); frame !== undefined; frame = readFrame(rest)) {
      frames.push(frame);
      rest = rest.subarray(frame.bytes.length);
    }
    return frames;
  };
}

function readFrame(bytes: Buffer): Frame | undefined {
  const end = bytes.indexOf(crlf);
  if (end < 0) return undefined;
  const start = end + crlf.length;
  const head = readHead(bytes.toString("latin1", 0, end));
  if (head === undefined) return { bytes: bytes.subarray(0, start), message: undefined };
  const { subject, reply, headerBytes, totalBytes } = head;
  const length = start + totalBytes + crlf.length;
  if (bytes.length < length) return undefined;
  const headers = bytes.toString("latin1", start, start + headerBytes);
  const payload = bytes.toString("utf8", start + headerBytes, start + totalBytes);
  return { bytes: bytes.subarray(0, length), message: { subject, reply, headers, payload } };
}

function readHead(line: string) {
  const [verb = "", ...words] = line.split(" ");
  if (!["PUB", "HPUB", "MSG", "HMSG"].includes(verb)) return undefined;
  const totalBytes = Number(words.pop());
  const headerBytes = verb.startsWith("H") ? Number(words.pop()) : 0;
  const [subject = "", ...more] = words;
  const reply = (verb.endsWith("MSG") ? more[1] : more[0]) ?? "";
  return { subject, reply, headerBytes, totalBytes };
}
