/** A lease is an unacknowledged delivery. Each step is confirmed by the server, so that a lost one is known. */
import type { Msg } from "@nats-io/nats-core";
import type { RunAddress } from "../../contract/names.ts";
import type { Lease } from "../port.ts";
import { toPlainBytes } from "./bytes.ts";
import type { Link } from "./link.ts";

export interface LeaseOptions {
  readonly address: RunAddress;
  /** The consumer's `ack_wait`. */
  readonly milliseconds: number;
}

export function createNatsLease(link: Link, message: Msg, { address, milliseconds }: LeaseOptions): Lease {
  const reply = message.reply ?? "";
  let heldUntil = performance.now() + milliseconds;
  let finishing = false;
  return {
    address,
    data: toPlainBytes(message.data),
    deliveries: readDeliveries(reply),
    milliseconds,
    async renew() {
      const start = performance.now();
      await link.request("renew a lease", reply, { data: "+WPI" });
      // Only a lease that isn't lost can be renewed: the server doesn't say whose delivery it prolonged.
      if (start < heldUntil && !finishing) heldUntil = start + milliseconds;
    },
    async finish() {
      finishing = true;
      try {
        await link.request("finish a request", reply, { data: "+ACK" });
      } catch (error) {
        // A server that crashed may have forgotten this delivery. Newer ones don't answer then, and deliver it again.
        if (link.end.aborted || performance.now() < heldUntil) throw error;
      }
    },
    async release(delay) {
      // The server would take it from the replica that has it now.
      if (performance.now() >= heldUntil) return;
      const nanos = Math.max(0, Math.round(delay)) * 1_000_000;
      await link.request("release a request", reply, { data: `-NAK {"delay": ${nanos}}` });
      heldUntil = 0;
    },
  };
}

/** From the subject that acknowledges: `$JS.ACK.<stream>.<consumer>.<deliveries>…`, or with domain and account before. */
function readDeliveries(reply: string): number {
  const tokens = reply.split(".");
  return Number(tokens[tokens.length > 9 ? 6 : 4]) || 1;
}
