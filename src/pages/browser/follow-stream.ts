/**
 * A stream of the front door's (server-sent events), through lost connections and restarts, without loss or doubles. Not
 * `EventSource`: that gives up for good at a 503, can't tell what a 401 was, and takes no notice of a silent connection.
 */
import { parseServerEvents, type ServerEvent } from "../../runs/stream/server-events.ts";
import { hasLongBeenHidden, onLongHidden, whileHidden } from "./hidden.ts";
import type { StreamState } from "./stream-state.ts";

export interface FollowOptions {
  readonly path: string;
  /** Where to begin, as a stream's last id. */
  readonly after?: string | undefined;
  readonly state: StreamState;
  /** The next event is read when this one is done with. */
  readonly onEvent: (event: ServerEvent) => void | Promise<void>;
  /** Called when there is a connection again. */
  readonly onReconnect?: () => void;
}

/** Heartbeats come every 15 seconds: a connection without a byte for this long is dead, though nobody has said so. */
const silenceMilliseconds = 45_000;
const firstPause = 250;
const longestPause = 5000;

/** Resolves when the stream has ended, or can't be read any more. */
export async function followStream({ path, after, state, onEvent, onReconnect }: FollowOptions): Promise<void> {
  let lastId = after;
  let wait = firstPause;
  let wasLost = false;

  function connected(): void {
    state.connected();
    if (wasLost) onReconnect?.();
    wasLost = false;
    wait = firstPause;
  }

  for (;;) {
    await whileHidden();
    try {
      for await (const event of connect(path, { lastId, connected })) {
        lastId = event.id ?? lastId;
        await onEvent(event);
        if (event.event === "end") return;
      }
    } catch (error) {
      if (error instanceof Refusal) return state.stopped(error.message);
      // What isn't the network's fault must not look as if it were.
      if (!(error instanceof TypeError || error instanceof DOMException)) throw error;
      if (hasLongBeenHidden()) continue;
    }
    wasLost = true;
    state.lost();
    await pause(wait * (0.5 + Math.random() / 2));
    wait = Math.min(wait * 2, longestPause);
  }
}

/** The server has answered, and another try can't help. */
class Refusal extends Error {}

async function* connect(
  path: string,
  { lastId, connected }: { lastId: string | undefined; connected: () => void },
): AsyncGenerator<ServerEvent> {
  const silence = createSilenceWatch();
  const leave = onLongHidden(silence.end);
  try {
    const response = await fetch(path, { headers: buildHeaders(lastId), signal: silence.signal, cache: "no-store" });
    // What was seen was all of it.
    if (response.status === 204) return yield { event: "end", data: "{}", id: lastId };
    const refusal = describeRefusal(response.status);
    if (refusal !== undefined) throw new Refusal(refusal);
    if (response.status !== 200 || response.body === null) return;
    connected();
    yield* parseServerEvents(readPieces(response.body), { onBytes: silence.heard });
  } finally {
    leave();
    // Lets go of the connection, too.
    silence.end();
  }
}

function buildHeaders(lastId: string | undefined): Record<string, string> {
  const resumed: Record<string, string> = lastId === undefined ? {} : { "Last-Event-ID": lastId };
  return { Accept: "text/event-stream", ...resumed };
}

/** Why another try can't help. */
function describeRefusal(status: number): string | undefined {
  if (status === 401) return "You are signed out: load the page again to sign in.";
  if (status === 403) return "You may not see this any more.";
  if (status === 404) return "The server knows nothing of this any more: what is shown is all that there was.";
  return status >= 400 && status < 500 && status !== 408 && status !== 429
    ? `The server refuses to go on (${status}): load the page again.`
    : undefined;
}

/** Aborts when nothing was heard for too long. */
function createSilenceWatch() {
  const controller = new AbortController();
  const giveUp = () => controller.abort();
  let timer = setTimeout(giveUp, silenceMilliseconds);
  return {
    signal: controller.signal,
    heard() {
      clearTimeout(timer);
      timer = setTimeout(giveUp, silenceMilliseconds);
    },
    end() {
      clearTimeout(timer);
      controller.abort();
    },
  };
}

async function* readPieces(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}

/** Until the time is up, or the machine is back on the network. */
function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(go, milliseconds);
    window.addEventListener("online", go);
    function go() {
      clearTimeout(timer);
      window.removeEventListener("online", go);
      resolve();
    }
  });
}
