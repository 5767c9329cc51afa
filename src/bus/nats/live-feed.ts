/**
 * What a stream repeats of a subject, for all who follow that over one connection: however many they are, the broker sees
 * one subscription, and one look from time to time whether a repetition got lost.
 */
import type { Msg } from "@nats-io/nats-core";
import type { Entry } from "../port.ts";
import { toPlainBytes } from "./bytes.ts";
import { getBehind, getNext, type Subject } from "./direct-get.ts";
import { sequenceHeader } from "./headers.ts";
import type { Link } from "./link.ts";
import { startLooks } from "./looks.ts";
import { createSharedReads, type SharedReads } from "./shared-reads.ts";

/**
 * An entry as the stream repeated it, with the subject that it was published on, and the sequence of the entry before it
 * (0: there was none).
 */
export interface LiveEntry extends Entry {
  readonly subject: string;
  readonly previous: number;
}

/** What is followed: the stream's subject, and the one on which the stream repeats it. */
export interface Place extends Subject {
  readonly liveSubject: string;
}

export interface Listener {
  hear(entry: LiveEntry): void;
  /** It may have missed something, which the stream has. */
  miss(): void;
  /** The sequence of the last entry that it has, while it waits for more. */
  readonly waitsBehind: number | undefined;
}

/** It begins with its first listener, and ends with its last. */
export interface LiveFeed extends SharedReads {
  listen(listener: Listener): void;
  /** Twice is fine. */
  leave(listener: Listener): void;
}

/** The feed of a place: the same for all who ask, while anybody listens. */
export type FindFeed = (place: Place) => LiveFeed;

export function createFeeds(link: Link): FindFeed {
  const feeds = new Map<string, LiveFeed>();
  return (place) => {
    const known = feeds.get(place.liveSubject);
    if (known !== undefined) return known;
    const feed = createFeed(link, place, () => feeds.delete(place.liveSubject));
    feeds.set(place.liveSubject, feed);
    return feed;
  };
}

const what = "follow a run";
const cannotHear = "Cannot follow a run live: it is read from time to time instead";

function createFeed(link: Link, place: Place, onEnd: () => void): LiveFeed {
  const listeners = new Set<Listener>();
  const reads = createSharedReads((after) => getBehind(link, what, { ...place, after }));
  let running: { rest(): void; stop(): void } | undefined;

  function begin() {
    const looks = startLooks(() => lookForMissed(link, place, listeners));
    const subscription = link.connection.subscribe(place.liveSubject, {
      callback: (error, message) => {
        if (error !== null) return link.report(cannotHear, error);
        try {
          hear(message);
        } catch (cause) {
          // Thrown in here it would end the client's reading of the connection, of all that comes over it.
          link.report(cannotHear, cause);
        }
      },
    });
    const stopListening = link.onReconnect(() => {
      for (const listener of listeners) listener.miss();
    });

    function hear(message: Msg): void {
      const entry = readEntry(place, message);
      if (entry === undefined) return;
      looks.rest();
      for (const listener of listeners) listener.hear(entry);
    }

    return {
      rest: looks.rest,
      stop() {
        looks.stop();
        stopListening();
        if (!link.connection.isClosed()) subscription.unsubscribe();
      },
    };
  }

  return {
    ...reads,
    listen(listener) {
      listeners.add(listener);
      running ??= begin();
      running.rest();
    },
    leave(listener) {
      if (!listeners.delete(listener) || listeners.size > 0) return;
      running?.stop();
      onEnd();
    },
  };
}

/** Undefined: it is none of a stream's. What the server adds to the publisher's headers stands last. */
function readEntry({ liveSubject }: Place, { data, headers }: Msg): LiveEntry | undefined {
  const sequence = Number(headers?.last(sequenceHeader));
  if (!(sequence > 0)) return undefined;
  // The server names the entry before on the same subject. Those of a wildcard make up the whole stream, which has no gaps.
  const previous = liveSubject.endsWith(".*") ? sequence - 1 : Number(headers?.last("Nats-Last-Sequence"));
  return { data: toPlainBytes(data), sequence, subject: headers?.last("Nats-Subject") ?? "", previous };
}

/** Tells those who wait to read, should there be something behind what any of them has. */
async function lookForMissed(link: Link, place: Place, listeners: ReadonlySet<Listener>): Promise<void> {
  const behind = [...listeners].flatMap(({ waitsBehind }) => waitsBehind ?? []);
  if (behind.length === 0) return;
  try {
    const after = behind.reduce((least, each) => Math.min(least, each));
    if ((await getNext(link, what, { ...place, after })) === undefined) return;
  } catch {
    // Each of them sees for itself what is wrong, and waits out a broker that is away.
  }
  for (const listener of listeners) if (listener.waitsBehind !== undefined) listener.miss();
}
