/** One try to tell a subscription's target of one event. */
import { encodeMessage } from "../contract/decode.ts";
import type { RunAddress } from "../contract/names.ts";
import type { RunEvent } from "../contract/events.ts";
import { buildWebhookHeaders } from "./sign.ts";
import type { Subscription } from "./subscription.ts";

/** What became of a POST. */
export type Posted =
  | { readonly kind: "answered"; readonly status: number; readonly retryAfterSeconds?: number | undefined }
  /** No answer, and why: refused, unreachable, not in time. */
  | { readonly kind: "failed"; readonly problem: string };

/** Sends a POST: to addresses that are public, unless `allowPrivate`; follows no redirect, and reads no answer's body. */
export type Post = (
  url: string,
  request: {
    readonly headers: Readonly<Record<string, string>>;
    readonly body: Uint8Array;
    readonly allowPrivate: boolean;
    readonly signal: AbortSignal;
  },
) => Promise<Posted>;

export type Outcome =
  | { readonly kind: "delivered" }
  | { readonly kind: "failed"; readonly problem: string; readonly retryAfterSeconds?: number | undefined }
  /** The target doesn't want to hear of it any more (410): it isn't tried again. */
  | { readonly kind: "gone"; readonly problem: string };

export interface Delivery {
  readonly address: RunAddress;
  readonly sequence: number;
  /** Without its sealed part. */
  readonly event: Omit<RunEvent, "data"> & { readonly data: Readonly<Record<string, unknown>> };
}

export interface DeliverOptions {
  readonly post: Post;
  readonly now: () => Date;
  readonly signal: AbortSignal;
  readonly timeoutMilliseconds?: number | undefined;
}

/** As the specification recommends: 15 to 30 seconds. */
const defaultTimeout = 15_000;

export async function deliver(
  { url, secrets, private: allowPrivate = false }: Subscription,
  { address, sequence, event }: Delivery,
  { post, now, signal, timeoutMilliseconds = defaultTimeout }: DeliverOptions,
): Promise<Outcome> {
  const payload = encodeMessage(event);
  // An event's own id has dots, which a signed id must not have.
  const id = `${address.runId}_${sequence}`;
  const timestamp = Math.floor(now().getTime() / 1000);
  const headers = {
    "content-type": "application/cloudevents+json",
    "user-agent": "container-driver-webhooks",
    ...(await buildWebhookHeaders({ id, timestamp, payload }, secrets)),
  };
  const end = AbortSignal.any([signal, AbortSignal.timeout(timeoutMilliseconds)]);
  const posted = await post(url, { headers, body: payload, allowPrivate, signal: end });
  if (posted.kind === "failed") return posted;
  const { status, retryAfterSeconds } = posted;
  if (status >= 200 && status < 300) return { kind: "delivered" };
  const problem = `the target answered ${status}`;
  return status === 410 ? { kind: "gone", problem } : { kind: "failed", problem, retryAfterSeconds };
}
