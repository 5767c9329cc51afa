import type { StoredMessage } from "./direct-get.ts";
import type { FindFeed, Listener, LiveEntry, Place } from "./live-feed.ts";

/**
 * What a feed brings while its reader is elsewhere, up to a limit: beyond it everything is dropped, as the reader can get
 * it from the stream. So a slow reader holds little, and never holds up the connection, nor others that read the same.
 */
export interface LiveEntries {
  /** The oldest one, which stays until it is shifted. */
  peek(): LiveEntry | undefined;
  shift(): void;
  /** Waits for an entry behind this one. Resolves with true when something may have been missed, which the stream has. */
  wait(seen: number): Promise<boolean>;
  /** What the stream has behind a sequence. */
  read(after: number): Promise<StoredMessage[]>;
  close(): void;
}

const limitBytes = 256 * 1024;

export function openLiveEntries(findFeed: FindFeed, place: Place, end: AbortSignal): LiveEntries {
  const feed = findFeed(place);
  let entries: LiveEntry[] = [];
  let bytes = 0;
  let missed = false;
  let missedAt = feed.mark();
  let waitsBehind: number | undefined;
  let wake = () => undefined as void;

  const listener: Listener = {
    hear(entry) {
      entries.push(entry);
      bytes += entry.data.length;
      if (bytes > limitBytes && entries.length > 1) listener.miss();
      wake();
    },
    miss() {
      entries = [];
      bytes = 0;
      missed = true;
      missedAt = feed.mark();
      wake();
    },
    get waitsBehind() {
      return waitsBehind;
    },
  };
  feed.listen(listener);

  return {
    peek: () => entries[0],
    shift() {
      bytes -= entries.shift()?.data.length ?? 0;
    },
    async wait(seen) {
      if (entries.length === 0 && !missed && !end.aborted) {
        const woken = Promise.withResolvers<void>();
        wake = woken.resolve;
        waitsBehind = seen;
        end.addEventListener("abort", wake);
        await woken.promise;
        end.removeEventListener("abort", wake);
        waitsBehind = undefined;
      }
      const result = missed;
      missed = false;
      return result;
    },
    read: (after) => feed.read(after, missedAt),
    close: () => feed.leave(listener),
  };
}
