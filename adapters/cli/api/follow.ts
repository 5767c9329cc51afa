/** A stream of a front door's (server-sent events), through lost connections and restarts, without loss or doubles. */
import { explain, toStop, Unreachable, type Call, type Client } from "./client.ts";
import type { Reconnection } from "./reconnection.ts";
import { parseServerEvents, type ServerEvent } from "../../../src/runs/stream/server-events.ts";

export interface FollowOptions extends Omit<Call, "method" | "body"> {
  /** Whether the stream goes on until its `end` event: one that stops before was cut off. */
  readonly live: boolean;
  readonly reconnection: Reconnection;
}

/** Heartbeats come every 15 seconds: a connection without a byte for this long is dead, though nobody has said so. */
const silenceMilliseconds = 60_000;

/**
 * The stream's events up to and with `end`; for one that isn't live up to its last. Throws `Stop` when the server refuses
 * or stays away, and the signal's reason once it aborts.
 */
export async function* followStream(client: Client, options: FollowOptions): AsyncGenerator<ServerEvent> {
  const { live, reconnection, signal } = options;
  let lastId: string | undefined;
  for (;;) {
    try {
      for await (const event of connect(client, { ...options, lastId })) {
        lastId = event.id ?? lastId;
        yield event;
        if (event.event === "end") return;
      }
      if (!live) return;
      await reconnection.lost(new Unreachable(`${client.url} ended the stream before its end`));
    } catch (error) {
      signal.throwIfAborted();
      await reconnection.lost(error);
    }
  }
}

async function* connect(
  client: Client,
  { lastId, reconnection, ...call }: FollowOptions & { lastId: string | undefined },
): AsyncGenerator<ServerEvent> {
  const silence = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const onBytes = () => {
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(), silenceMilliseconds);
  };
  onBytes();
  try {
    const signal = AbortSignal.any([call.signal, silence.signal]);
    const resumed = lastId === undefined ? {} : { "Last-Event-ID": lastId };
    const headers = { ...call.headers, ...resumed, Accept: "text/event-stream" };
    const response = await client.send({ ...call, headers, signal });
    // What the client has seen was all of it (WHATWG HTML: a stream that answers 204 is not connected to again).
    if (response.status === 204) return yield { event: "end", data: '{"complete": true}', id: lastId };
    if (response.status !== 200) throw await toStop(response, `${client.url}${call.path}`);
    reconnection.connected();
    if (response.body !== null) yield* parseServerEvents(response.body, { onBytes });
  } catch (error) {
    throw toUnreachable(error, { client, silent: silence.signal.aborted });
  } finally {
    clearTimeout(timer);
    // Whoever has had enough of the stream lets go of the connection, too.
    silence.abort();
  }
}

/** What broke while the stream was read passes, like a server that isn't there. */
function toUnreachable(error: unknown, { client, silent }: { client: Client; silent: boolean }): unknown {
  if (silent) return new Unreachable(`${client.url} has been silent for ${silenceMilliseconds / 1000} seconds`);
  const broken = error instanceof TypeError;
  return broken
    ? new Unreachable(`The connection to ${client.url} was lost: ${explain(error)}`, { cause: error })
    : error;
}
