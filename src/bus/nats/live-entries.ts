import type { Msg } from "@nats-io/nats-core";
import type { Entry } from "../port.ts";
import { toPlainBytes } from "./bytes.ts";
import type { Link } from "./link.ts";

/**
 * An entry as the stream repeated it, with the subject that it was published on, and the sequence of the entry before it
 * (0: there was none).
 */
export interface LiveEntry extends Entry {
  readonly subject: string;
  readonly previous: number;
}

/**
 * What a subject brings while its reader is elsewhere, up to a limit: beyond it everything is dropped, as the reader can get
 * it from the stream. So a slow reader holds little, and never holds up the connection.
 */
export interface LiveEntries {
  /** The oldest one, which stays until it is shifted. */
  peek(): LiveEntry | undefined;
  shift(): void;
  /** Resolves with true when something may have been missed (dropped, reconnected, or nothing came for so long). */
  wait(milliseconds: number): Promise<boolean>;
  close(): void;
}

const limitBytes = 256 * 1024;

export function subscribeToEntries(link: Link, subject: string, end: AbortSignal): LiveEntries {
  let entries: LiveEntry[] = [];
  let bytes = 0;
  let missed = false;
  let wake = () => undefined as void;
  // The server names the entry before on the same subject. Those of a wildcard make up the whole stream, which has no gaps.
  const isWhole = subject.endsWith(".*");

  function add(message: Msg): void {
    const sequence = Number(message.headers?.get("Nats-Sequence"));
    if (!(sequence > 0)) return;
    const previous = isWhole ? sequence - 1 : Number(message.headers?.get("Nats-Last-Sequence"));
    const published = message.headers?.get("Nats-Subject") ?? "";
    entries.push({ data: toPlainBytes(message.data), sequence, subject: published, previous });
    bytes += message.data.length;
    if (bytes > limitBytes && entries.length > 1) miss();
    wake();
  }

  function miss(): void {
    entries = [];
    bytes = 0;
    missed = true;
    wake();
  }

  const subscription = link.connection.subscribe(subject, {
    callback: (error, message) => {
      if (error === null) add(message);
      else link.report("Cannot follow a run live: it is read from time to time instead", error);
    },
  });
  const stopListening = link.onReconnect(miss);

  return {
    peek: () => entries[0],
    shift() {
      bytes -= entries.shift()?.data.length ?? 0;
    },
    async wait(milliseconds) {
      if (entries.length === 0 && !missed && !end.aborted) {
        const woken = Promise.withResolvers<void>();
        const timer = setTimeout(miss, milliseconds);
        wake = woken.resolve;
        end.addEventListener("abort", wake);
        await woken.promise;
        end.removeEventListener("abort", wake);
        clearTimeout(timer);
      }
      const result = missed;
      missed = false;
      return result;
    },
    close() {
      stopListening();
      if (!link.connection.isClosed()) subscription.unsubscribe();
    },
  };
}
