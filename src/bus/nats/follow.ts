/**
 * Following a run, or all runs of a cluster: its backlog by direct reads, then what the stream repeats on the live subject. Each live entry names the
 * one before it, so that a hole (a reader that was slow, a lost connection) is seen, and filled from the stream.
 */
import { pause } from "../pause.ts";
import { BusUnavailable } from "../port.ts";
import type { StoredMessage } from "./direct-get.ts";
import type { Link } from "./link.ts";
import { openLiveEntries, type LiveEntries } from "./live-entries.ts";
import type { FindFeed, Place } from "./live-feed.ts";

export interface FollowOptions extends Place {
  readonly feeds: FindFeed;
  readonly after: number;
  readonly signal: AbortSignal;
}

/** An entry as it is handed out, with the subject that it was published on. */
export type Followed = Pick<StoredMessage, "data" | "sequence" | "subject">;

/** Where a follower is. */
interface Cursor {
  /** The sequence of the last entry that was handed out. */
  seen: number;
}

/** How long a replica gets to have what was already repeated: tries, and milliseconds between them. */
const replicaTries = 20;
const replicaPause = 50;
const retryPause = 250;

export async function* follow(link: Link, options: FollowOptions): AsyncGenerator<Followed> {
  const end = AbortSignal.any([options.signal, link.end]);
  if (end.aborted || link.connection.isClosed() || link.connection.isDraining()) return;
  const live = openLiveEntries(options.feeds, options, end);
  const cursor = { seen: options.after };
  try {
    for (let tries = 0; !end.aborted; tries++) {
      yield* readBacklog(live, cursor, end);
      if (hasHole(live, cursor) && tries < replicaTries) {
        await pause(replicaPause, end);
        continue;
      }
      // The stream has nothing behind what was seen: what is missing there was taken by its limits.
      if (hasHole(live, cursor)) cursor.seen = live.peek()?.previous ?? cursor.seen;
      tries = 0;
      yield* readLive(live, cursor, end);
    }
  } finally {
    live.close();
  }
}

/** What the stream has, until it has no more. */
async function* readBacklog(live: LiveEntries, cursor: Cursor, end: AbortSignal): AsyncGenerator<Followed> {
  while (!end.aborted) {
    const found = await readOrWait(live, cursor, end);
    if (found?.length === 0) return;
    for (const { data, sequence, subject } of found ?? []) {
      if (end.aborted) return;
      cursor.seen = sequence;
      yield { data, sequence, subject };
    }
  }
}

/** Undefined, after a while, when the broker is away. */
async function readOrWait(live: LiveEntries, { seen }: Cursor, end: AbortSignal): Promise<StoredMessage[] | undefined> {
  try {
    return await live.read(seen);
  } catch (error) {
    if (!(error instanceof BusUnavailable)) throw error;
    await pause(retryPause, end);
    return undefined;
  }
}

/** What is repeated, until there may be a hole in it. */
async function* readLive(live: LiveEntries, cursor: Cursor, end: AbortSignal): AsyncGenerator<Followed> {
  while (!end.aborted) {
    const next = live.peek();
    if (next === undefined) {
      if (await live.wait(cursor.seen)) return;
    } else if (hasHole(live, cursor)) {
      return;
    } else {
      live.shift();
      if (next.sequence <= cursor.seen) continue;
      cursor.seen = next.sequence;
      yield { data: next.data, sequence: next.sequence, subject: next.subject };
    }
  }
}

/** Is there an entry before the oldest live one that was not seen? */
function hasHole(live: LiveEntries, { seen }: Cursor): boolean {
  const next = live.peek();
  return next !== undefined && next.sequence > seen && next.previous > seen;
}
