import { headers, type Msg } from "@nats-io/nats-core";
import * as v from "valibot";
import { decodeMessage } from "../../contract/decode.ts";
import { BusUnavailable } from "../port.ts";
import type { Link } from "./link.ts";

export interface Publication {
  readonly subject: string;
  readonly data: Uint8Array;
  /** The sequence that the subject's last message must have; 0: there must be none. */
  readonly expected: number;
  readonly headers?: Readonly<Record<string, string>>;
}

export type Published =
  | { readonly kind: "stored"; readonly sequence: number }
  /** `last`: the sequence that the subject has instead, where the server says it. */
  | { readonly kind: "conflict"; readonly last: number | undefined }
  | { readonly kind: "refused"; readonly code: number; readonly description: string };

const Acknowledgement = v.object({
  seq: v.optional(v.number()),
  error: v.optional(v.object({ err_code: v.optional(v.number(), 0), description: v.optional(v.string(), "") })),
});

/** "wrong last sequence", with the right one and without. */
const wrongSequence = [10071, 10164];

/** Stores a message. */
export async function publish(
  link: Link,
  what: string,
  { subject, data }: Pick<Publication, "subject" | "data">,
): Promise<Exclude<Published, { kind: "conflict" }>> {
  link.checkSize(what, data);
  const { seq, error } = readAcknowledgement(what, await link.request(what, subject, { data }));
  if (error === undefined) return { kind: "stored", sequence: seq ?? 0 };
  return { kind: "refused", code: error.err_code, description: error.description };
}

/** Stores a message if the subject's last one is still the expected one. */
export async function publishExpecting(link: Link, what: string, publication: Publication): Promise<Published> {
  link.checkSize(what, publication.data);
  const all = headers();
  all.set("Nats-Expected-Last-Subject-Sequence", String(publication.expected));
  for (const [name, value] of Object.entries(publication.headers ?? {})) all.set(name, value);
  const answer = await link.request(what, publication.subject, { data: publication.data, headers: all });
  const { seq, error } = readAcknowledgement(what, answer);
  if (error === undefined) return { kind: "stored", sequence: seq ?? 0 };
  if (!wrongSequence.includes(error.err_code))
    return { kind: "refused", code: error.err_code, description: error.description };
  const last = /: (\d+)$/.exec(error.description)?.[1];
  return { kind: "conflict", last: last === undefined ? undefined : Number(last) };
}

function readAcknowledgement(what: string, answer: Msg): v.InferOutput<typeof Acknowledgement> {
  const decoded = decodeMessage(Acknowledgement, answer.data);
  if (decoded.ok) return decoded.value;
  throw new BusUnavailable(what, { reason: `the broker's answer is ${decoded.problem}` });
}

/** For those who can do nothing about a refusal, such as "maximum bytes exceeded". */
export function toRefusal(what: string, { code, description }: { code: number; description: string }): BusUnavailable {
  return new BusUnavailable(what, { reason: `the broker refuses it: ${description} (${code})` });
}
