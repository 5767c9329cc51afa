/**
 * Direct reads from a stream (NATS ADR-31): any replica answers them, and they leave nothing behind on the server. With
 * several replicas the one that answers may be a moment behind.
 */
import type { Msg } from "@nats-io/nats-core";
import { stringifyJson } from "../../contract/json.ts";
import { BusUnavailable, type BytesRead } from "../port.ts";
import { toPlainBytes } from "./bytes.ts";
import { countHeaderBytes, sequenceHeader } from "./headers.ts";
import type { Link } from "./link.ts";
import { isModern } from "./server-version.ts";

export interface StoredMessage extends BytesRead {
  readonly data: Uint8Array;
  readonly sequence: number;
  /** The subject that it was published on. */
  readonly subject: string;
  /** The value of a header, the last where there are several: what the server adds stands last. Empty where there is none. */
  header(name: string): string;
}

/** Where messages are: a subject, and the stream that has it. */
export interface Subject {
  readonly stream: string;
  readonly subject: string;
}

/** The last message of a subject. The subject is part of the request's own, so that permissions can confine it. */
export async function getLast(
  link: Link,
  what: string,
  { stream, subject }: Subject,
): Promise<StoredMessage | undefined> {
  return toStored(what, await link.request(what, `${link.apiPrefix}.DIRECT.GET.${stream}.${subject}`));
}

/** The last message of all subjects that a wildcard stands for. */
export async function getNewest(
  link: Link,
  what: string,
  { stream, subject }: Subject,
): Promise<StoredMessage | undefined> {
  const data = stringifyJson({ last_by_subj: subject });
  return toStored(what, await link.request(what, `${link.apiPrefix}.DIRECT.GET.${stream}`, { data }));
}

/** The message at a sequence. */
export async function getAt(
  link: Link,
  what: string,
  { stream, sequence }: Pick<Subject, "stream"> & { sequence: number },
): Promise<StoredMessage | undefined> {
  const data = stringifyJson({ seq: sequence });
  return toStored(what, await link.request(what, `${link.apiPrefix}.DIRECT.GET.${stream}`, { data }));
}

export interface Range extends Subject {
  /** Messages behind this sequence. */
  readonly after: number;
}

/** The first message of a subject behind a sequence. */
export async function getNext(link: Link, what: string, range: Range): Promise<StoredMessage | undefined> {
  const data = stringifyJson({ seq: range.after + 1, next_by_subj: range.subject });
  const next = toStored(what, await link.request(what, `${link.apiPrefix}.DIRECT.GET.${range.stream}`, { data }));
  return next && checkProgress(what, next, range.after);
}

/** About as much as one batch brings, so that a slow reader holds little. */
const batchBytes = 256 * 1024;
const batchMessages = 256;

/**
 * The next messages of a subject behind a sequence, in order; none if there are none. In one request where the server can
 * (2.11 and newer), else just the first one.
 */
export async function getBehind(link: Link, what: string, range: Range): Promise<StoredMessage[]> {
  if (!isModern(link.connection)) {
    const next = await getNext(link, what, range);
    return next === undefined ? [] : [next];
  }
  const limits = { batch: batchMessages, max_bytes: batchBytes };
  const data = stringifyJson({ seq: range.after + 1, next_by_subj: range.subject, ...limits });
  const found: StoredMessage[] = [];
  for await (const answer of link.requestMany(what, `${link.apiPrefix}.DIRECT.GET.${range.stream}`, data)) {
    const stored = toStored(what, answer);
    if (stored === undefined) return found;
    found.push(checkProgress(what, stored, found.at(-1)?.sequence ?? range.after));
  }
  // The time is over: what has come is in order and without holes, as it came over one connection.
  if (found.length === 0) throw new BusUnavailable(what);
  return found;
}

/** Who reads on behind what he has read would do so for ever. */
function checkProgress(what: string, message: StoredMessage, after: number): StoredMessage {
  if (message.sequence > after) return message;
  throw new BusUnavailable(what, {
    reason: `the broker answers with ${message.sequence}, which is not behind ${after}`,
  });
}

/** "Not found", and the end of a batch, which is one that is empty otherwise. */
const nothing = [404, 204];

/** Undefined: there is none. */
function toStored(what: string, { headers, data }: Msg): StoredMessage | undefined {
  const header = (name: string) => headers?.last(name) ?? "";
  const sequence = Number(header(sequenceHeader));
  // What has a sequence is a message, whatever else its publisher has put there.
  if (sequence > 0) {
    const bytes = data.length + countHeaderBytes(headers);
    return { data: toPlainBytes(data), sequence, bytes, subject: header("Nats-Subject"), header };
  }
  const { code = 0, description = "" } = headers ?? {};
  if (nothing.includes(code)) return undefined;
  throw new BusUnavailable(what, { reason: `the broker answers ${code} ${description || "without a sequence"}` });
}
