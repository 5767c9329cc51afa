/**
 * One message from a pull consumer: whoever doesn't ask gets nothing, and what arrives after the asking was given up is
 * handed back at once.
 */
import { createInbox, type Msg } from "@nats-io/nats-core";
import { stringifyJson } from "../../contract/json.ts";
import type { Link } from "./link.ts";

export type Pulled =
  | { readonly kind: "message"; readonly message: Msg }
  /** Nothing came: the pull's time is over, or the connection was lost and found. */
  | { readonly kind: "nothing" }
  /** The server ended it. */
  | { readonly kind: "refused"; readonly reason: string };

const expiresMilliseconds = 30_000;
const heartbeatMilliseconds = 3_000;
/** Two heartbeats that didn't come mean that the server has forgotten the pull. */
const silenceMilliseconds = 2.5 * heartbeatMilliseconds;

export interface PullOptions {
  readonly stream: string;
  readonly consumer: string;
  readonly end: AbortSignal;
}

export function pullOne(link: Link, { stream, consumer, end }: PullOptions): Promise<Pulled> {
  const { connection } = link;
  return new Promise((resolve) => {
    let settled = false;
    let silence = setTimeout(giveUp, silenceMilliseconds);
    let lingering: ReturnType<typeof setTimeout> | undefined;
    const inbox = createInbox(link.inboxPrefix);
    const subscription = connection.subscribe(inbox, {
      callback: (error, message) => {
        if (error !== null) settle({ kind: "refused", reason: error.message });
        else if (settled) handBack(message);
        else receive(message);
      },
    });
    const stopListening = link.onReconnect(giveUp);
    end.addEventListener("abort", giveUp);

    function receive(message: Msg): void {
      const code = readStatus(message);
      clearTimeout(silence);
      silence = setTimeout(giveUp, silenceMilliseconds);
      if (code === 100) return;
      unsubscribe();
      if (code === 0) settle({ kind: "message", message });
      else if (code === 404 || code === 408) settle({ kind: "nothing" });
      else settle({ kind: "refused", reason: `${code} ${message.headers?.description ?? ""}`.trim() });
    }

    /** What was asked for can't be called off: until its time is over, what comes of it goes to somebody else. */
    function handBack(message: Msg): void {
      const code = readStatus(message);
      if (code === 100) return;
      if (code === 0) message.respond("-NAK");
      unsubscribe();
    }

    function giveUp(): void {
      if (settled) return;
      // Not at once: a delivery may be on its way, and the server finds out late, from another account perhaps never, that
      // nobody waits for it any more. It would be lost until its lease is over.
      lingering = setTimeout(unsubscribe, expiresMilliseconds);
      settle({ kind: "nothing" });
    }

    function unsubscribe(): void {
      clearTimeout(lingering);
      if (!connection.isClosed() && !subscription.isClosed()) subscription.unsubscribe();
    }

    function settle(outcome: Pulled): void {
      if (settled) return;
      settled = true;
      clearTimeout(silence);
      stopListening();
      end.removeEventListener("abort", giveUp);
      resolve(outcome);
    }

    const nanos = 1_000_000;
    const request = { batch: 1, expires: expiresMilliseconds * nanos, idle_heartbeat: heartbeatMilliseconds * nanos };
    connection.publish(`${link.apiPrefix}.CONSUMER.MSG.NEXT.${stream}.${consumer}`, stringifyJson(request), {
      reply: inbox,
    });
    if (end.aborted) giveUp();
  });
}

/** 0: it is a message, which has to be acknowledged somewhere. Whatever status its publisher gave it is not the server's. */
function readStatus({ reply, headers }: Msg): number {
  return reply === undefined || reply === "" ? (headers?.code ?? 0) : 0;
}
