/** Messages as no honest client writes them. */
import { MsgHdrsImpl, type NatsConnection } from "@nats-io/nats-core";

export interface HostileMessage {
  /** Its headers, as they stand on the wire. */
  readonly head: string;
  readonly body?: string;
}

/** Publishes it on a stream's subject; resolves with its sequence when it is stored. */
export async function storeHostile(
  connection: NatsConnection,
  subject: string,
  { head, body = "{}" }: HostileMessage,
): Promise<number> {
  const answer = await connection.request(subject, body, { headers: new RawHeaders(head), timeout: 5_000 });
  const { seq, error } = answer.json<{ seq?: number; error?: unknown }>();
  if (seq === undefined || error !== undefined)
    throw new Error(`Cannot store ${JSON.stringify(head.slice(0, 80))}: ${JSON.stringify(error)}`);
  return seq;
}

class RawHeaders extends MsgHdrsImpl {
  readonly #head: string;

  constructor(head: string) {
    super();
    this.#head = head;
  }

  override encode(): Uint8Array {
    return new TextEncoder().encode(this.#head);
  }
}

const sequence = "Nats-Sequence: 1\r\nNats-Subject: cd.v1.events.other.01jd0v8e3k7xw2m4n6p8q0r1s9\r\n";

/** What each of them may do to whoever reads it carelessly. */
export const hostileMessages: readonly (HostileMessage & { readonly does: string })[] = [
  { does: "a name with a space", head: "NATS/1.0\r\nBad Key: v\r\n\r\n" },
  { does: "a name with a space, and no body", head: "NATS/1.0\r\nBad Key: v\r\n\r\n", body: "" },
  { does: "a name that is not ASCII", head: "NATS/1.0\r\nä: v\r\n\r\n", body: "" },
  { does: "a value with a line feed", head: "NATS/1.0\r\nA: b\nc\r\n\r\n", body: "" },
  // A stream takes 64 KiB.
  { does: "a name that is very long", head: `NATS/1.0\r\n${"a".repeat(60_000)}: v\r\n\r\n`, body: "" },
  { does: "very many names", head: `NATS/1.0\r\n${manyNames(10_000)}\r\n`, body: "" },
  { does: "the server's own headers", head: `NATS/1.0\r\n${sequence}Nats-Last-Sequence: 999999\r\n\r\n` },
  { does: "a sequence beyond all", head: "NATS/1.0\r\nNats-Sequence: 9007199254740991\r\n\r\n" },
  { does: "a sequence that is none", head: "NATS/1.0\r\nNats-Sequence: x\r\nNats-Time-Stamp: never\r\n\r\n" },
  { does: "headers that don't end", head: "NATS/1.0\r\nNats-Sequence: 5" },
  { does: "no headers at all", head: "" },
  { does: "no version", head: "garbage\r\n\r\n" },
  { does: "nobody answers", head: "NATS/1.0 503\r\n\r\n", body: "" },
  { does: "an error", head: "NATS/1.0 503 x\r\n\r\n" },
  { does: "nothing found", head: "NATS/1.0 404 Message Not Found\r\n\r\n", body: "" },
  { does: "the end of a batch", head: "NATS/1.0 204 EOB\r\nNats-Num-Pending: 0\r\n\r\n", body: "" },
  { does: "a heartbeat", head: "NATS/1.0 100 Idle Heartbeat\r\n\r\n", body: "" },
];

function manyNames(count: number): string {
  return Array.from({ length: count }, (_, i) => `${i.toString(36)}:\r\n`).join("");
}
