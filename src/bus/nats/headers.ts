/**
 * Headers of messages (NATS ADR-4), which may be written by somebody who means harm: who holds one cluster's credentials
 * stores on that cluster's streams what he likes. nats-server stores headers as they came, and puts its own behind them:
 * so of a name that stands there more than once, only the last is the server's word.
 *
 * The client decodes them when it is asked for them, and throws where a line is no header. For an answer without a body it
 * asks itself, in the loop that reads the connection, and an error there ends that loop: nothing is heard any more, of no
 * cluster. There is no option for it, and nothing of ours is asked before it. So its decoder is replaced, a static method of a
 * class that it exports; test/permissions/hostile.test.ts fails should the client decode in another way one day.
 */
import { MsgHdrsImpl, type MsgHdrs } from "@nats-io/nats-core";

/** Only a message that a stream has stored has one, and each of them has. */
export const sequenceHeader = "Nats-Sequence";

/**
 * As much as is read, bytes: of the server's there is less than a tenth of it, and they stand last. Publishers have 64 KiB,
 * and to make lists of names out of them takes the client time in proportion to its square.
 */
const mostBytes = 8 * 1024;

/** From now on all connections of this process read headers so. Twice is fine. */
export function replaceHeaderDecoder(): void {
  MsgHdrsImpl.decode = decodeHeaders;
}

/** Never throws: a line that is no header is left out. */
export function decodeHeaders(bytes: Uint8Array): MsgHdrsImpl {
  const fields = readFields(bytes);
  // A status is an answer of the server's own; 2.10 and older pass on one that a publisher wrote as well.
  const { code, description } = fields.has(sequenceHeader) ? noStatus : readStatus(bytes);
  const decoded = new DecodedHeaders(code, description);
  decoded.headers = fields;
  decoded.bytes = bytes.length;
  return decoded;
}

class DecodedHeaders extends MsgHdrsImpl {
  /** As they came. */
  bytes = 0;
}

/** How long they were as they came: more than what is read of them. The client itself doesn't tell. */
export function countHeaderBytes(headers: MsgHdrs | undefined): number {
  return headers instanceof DecodedHeaders ? headers.bytes : 0;
}

const noStatus = { code: 0, description: "" };

/** `NATS/1.0 404 Message Not Found` */
function readStatus(bytes: Uint8Array): { code: number; description: string } {
  const [first = ""] = toText(bytes.subarray(0, mostBytes)).split("\r\n");
  const [, code, description = ""] = /^NATS\/1\.0 +(\d{3})(?: +(.*))?$/.exec(first.trim()) ?? [];
  return code === undefined ? noStatus : { code: Number(code), description };
}

function readFields(bytes: Uint8Array): Map<string, string[]> {
  const fields = new Map<string, string[]>();
  for (const line of toText(bytes.subarray(-mostBytes)).split("\r\n")) {
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(colon, 0));
    if (!/^[!-~]+$/.test(name)) continue;
    const values = fields.get(name) ?? [];
    values.push(line.slice(colon + 1).trim());
    fields.set(name, values);
  }
  return fields;
}

function toText(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
