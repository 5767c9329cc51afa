/** The work queue: one subject a run, in a stream that forgets what is acknowledged; one durable pull consumer a cluster. */
import * as v from "valibot";
import { decodeMessage } from "../../contract/decode.ts";
import { buildConsumerName, buildStreamName } from "../../contract/streams.ts";
import { parseSubject } from "../../contract/subjects.ts";
import { checkCluster, toSubject } from "../address.ts";
import { pause } from "../pause.ts";
import { BusUnavailable, type Lease, type RequestQueue } from "../port.ts";
import { createNatsLease } from "./lease.ts";
import { toUnavailable } from "./failures.ts";
import type { Link } from "./link.ts";
import { publishExpecting, toRefusal } from "./publish.ts";
import { pullOne, type PullOptions } from "./pull.ts";

const taking = "take a request";
const retryPause = 500;

export function createNatsRequests(link: Link): RequestQueue {
  return {
    async place(address, data) {
      const what = "place a run";
      const publication = { subject: toSubject("requests", address), data, expected: 0 };
      // A conflict means that the run's message is there: it is queued, or leased.
      const published = await publishExpecting(link, what, publication);
      if (published.kind === "refused") throw toRefusal(what, published);
    },
    async *take(cluster, { signal }) {
      const end = AbortSignal.any([signal, link.end]);
      const from = {
        stream: buildStreamName("requests", checkCluster(cluster)),
        consumer: buildConsumerName(cluster),
        end,
      };
      while (!end.aborted) {
        const lease = await takeOne(link, from);
        if (lease !== undefined) yield lease;
      }
    },
  };
}

/** One lease; undefined when there was none for a while. A broker that is away is waited out, and reported. */
async function takeOne(link: Link, from: PullOptions): Promise<Lease | undefined> {
  const { end } = from;
  try {
    // Asked each time, as whoever provisions may choose another lease.
    const milliseconds = await readAckWait(link, from);
    const pulled = await pullOne(link, from).catch((cause: unknown) => {
      throw toUnavailable(taking, from.stream, cause);
    });
    if (pulled.kind === "refused") throw new BusUnavailable(taking, { reason: pulled.reason });
    if (pulled.kind === "nothing") return undefined;
    const { message } = pulled;
    const parsed = parseSubject(message.subject);
    if (end.aborted) message.respond("-NAK");
    else if (parsed !== undefined) {
      const { cluster, runId } = parsed;
      return createNatsLease(link, message, { address: { cluster, runId }, milliseconds });
    } else {
      // Not one of ours, and nobody could ever carry it out.
      link.report(`Removed a request from the queue: ${message.subject} is no run's subject`, undefined);
      message.respond("+TERM");
    }
  } catch (error) {
    if (!(error instanceof BusUnavailable)) throw error;
    if (end.aborted) return undefined;
    link.report("Cannot take requests at the moment", error);
    await pause(retryPause, end);
  }
  return undefined;
}

const ConsumerInfo = v.object({
  config: v.optional(v.object({ ack_wait: v.number() })),
  error: v.optional(v.object({ description: v.optional(v.string(), "") })),
});

/** How long a lease lasts without being renewed, milliseconds. */
async function readAckWait(link: Link, { stream, consumer }: PullOptions): Promise<number> {
  const answer = await link.request(taking, `${link.apiPrefix}.CONSUMER.INFO.${stream}.${consumer}`);
  const info = decodeMessage(ConsumerInfo, answer.data);
  if (!info.ok) throw new BusUnavailable(taking, { reason: `the broker's answer is ${info.problem}` });
  const { config, error } = info.value;
  if (config !== undefined) return config.ack_wait / 1_000_000;
  throw new BusUnavailable(taking, { reason: `the consumer ${consumer} of ${stream}: ${error?.description ?? ""}` });
}
