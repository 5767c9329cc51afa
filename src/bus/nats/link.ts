/**
 * A connection as the bus needs it: no request outlives its time, whatever the client does about reconnecting, and those
 * who follow something are told when there may be a hole in it.
 */
import type { Msg, MsgHdrs, NatsConnection } from "@nats-io/nats-core";
import { BusUnavailable, MessageTooLarge } from "../port.ts";
import { toUnavailable } from "./failures.ts";
import { replaceHeaderDecoder } from "./headers.ts";

export interface LinkOptions {
  readonly connection: NatsConnection;
  /** How long any one operation may take. */
  readonly timeoutMilliseconds: number;
  readonly apiPrefix: string;
  readonly inboxPrefix: string;
  /** Told of what goes wrong where nobody waits for an answer. */
  readonly report: (sentence: string, cause: unknown) => void;
}

export interface RequestOptions {
  readonly data?: Uint8Array | string;
  readonly headers?: MsgHdrs;
}

export interface Link extends LinkOptions {
  /** Aborted when the bus or the connection is closed. */
  readonly end: AbortSignal;
  /** Sends a request and waits for its answer; rejects with `BusUnavailable`, and at once when the bus closes. */
  request(what: string, subject: string, options?: RequestOptions): Promise<Msg>;
  /** Several answers to one request, as they come; ends when the time is over. */
  requestMany(what: string, subject: string, data: string): AsyncIterable<Msg>;
  /** Throws `MessageTooLarge` if the server would not take this payload. */
  checkSize(what: string, data: Uint8Array): void;
  /** Calls back after each reconnect, until the function that it returns is called. */
  onReconnect(listener: () => void): () => void;
  close(): void;
}

/** NATS counts headers as payload. Ours, and those of direct reads and republishing, stay well below this. */
const headerBytes = 1024;
const defaultMaxPayload = 1024 * 1024;

export function createLink(options: LinkOptions): Link {
  replaceHeaderDecoder();
  const { connection, timeoutMilliseconds } = options;
  const ending = new AbortController();
  const listeners = new Set<() => void>();
  let isAway = false;
  /** Each its own: what waits on one promise stays in memory until that is settled, which may be hours. */
  const waiting = new Set<() => void>();
  // The client forgets the server's figures while it reconnects.
  let maxPayload = defaultMaxPayload;

  async function watchStatus(): Promise<void> {
    for await (const { type } of connection.status()) {
      if (ending.signal.aborted) return;
      if (type === "disconnect") isAway = true;
      if (type !== "reconnect") continue;
      isAway = false;
      for (const goOn of waiting) goOn();
      for (const listener of listeners) listener();
    }
  }

  /** How much of the time is left once there is a connection. A request that is sent without one would be lost. */
  async function waitForConnection(what: string): Promise<number> {
    if (ending.signal.aborted) throw new BusUnavailable(what, { reason: "the bus is closed" });
    if (!isAway) return timeoutMilliseconds;
    const start = performance.now();
    const { promise, resolve } = Promise.withResolvers<void>();
    waiting.add(resolve);
    try {
      await limitTime(promise, what);
    } finally {
      waiting.delete(resolve);
    }
    return Math.max(1, timeoutMilliseconds - (performance.now() - start));
  }

  /** The outcome of `work`, or a rejection when the bus closes or an operation's time is over. */
  function limitTime<T>(work: Promise<T>, what: string): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const timer = setTimeout(() => reject(new BusUnavailable(what)), timeoutMilliseconds);
    const close = () => reject(new BusUnavailable(what, { reason: "the bus is closed" }));
    ending.signal.addEventListener("abort", close);
    void work.then(resolve, reject);
    return promise.finally(() => {
      clearTimeout(timer);
      ending.signal.removeEventListener("abort", close);
    });
  }

  void watchStatus();
  void connection.closed().then(() => ending.abort());

  return {
    ...options,
    end: ending.signal,
    async request(what, subject, { data, headers } = {}) {
      const timeout = await waitForConnection(what);
      try {
        const sent = connection.request(subject, data, { timeout, ...(headers === undefined ? {} : { headers }) });
        return await limitTime(sent, what);
      } catch (cause) {
        throw toUnavailable(what, subject, cause);
      }
    },
    async *requestMany(what, subject, data) {
      const maxWait = await waitForConnection(what);
      try {
        yield* await connection.requestMany(subject, data, { strategy: "timer", maxWait });
      } catch (cause) {
        throw toUnavailable(what, subject, cause);
      }
    },
    checkSize(what, data) {
      maxPayload = connection.info?.max_payload ?? maxPayload;
      const limit = maxPayload - headerBytes;
      if (data.length > limit) throw new MessageTooLarge(what, { limit, actual: data.length });
    },
    onReconnect(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close() {
      ending.abort();
    },
  };
}
