/**
 * Following a run, or all runs of a cluster: its backlog by direct reads, then what the stream repeats on the live subject. Each live entry names the
 * one before it, so that a hole (a reader that was slow, a lost connection) is seen, and filled from the stream.
 */
import { pause } from "../pause.ts";
import { BusUnavailable } from "../port.ts";
import { getBehind, type Range, type StoredMessage, type Subject } from "./direct-get.ts";
import type { Link } from "./link.ts";
import { subscribeToEntries, type LiveEntries } from "./live-entries.ts";

export interface FollowOptions extends Subject {
  readonly liveSubject: string;
  readonly after: number;
  readonly signal: AbortSignal;
}

/** An entry as it is handed out, with the subject that it was published on. */
export type Followed = Pick<StoredMessage, "data" | "sequence" | "subject">;

/** Where a follower is. */
interface Cursor {
  /** The sequence of the last entry that was handed out. */
  seen: number;
  /** Without a live entry for so long, milliseconds, the stream is looked at. */
  look: number;
}

/** A repetition may get lost on its way through a clustered broker: seldom, so the looks become rarer. */
const firstLook = 1_000;
const longestLook = 30_000;
/** How long a replica gets to have what was already repeated: tries, and milliseconds between them. */
const replicaTries = 20;
const replicaPause = 50;
const retryPause = 250;

export async function* follow(link: Link, options: FollowOptions): AsyncGenerator<Followed> {
  const end = AbortSignal.any([options.signal, link.end]);
  if (end.aborted || link.connection.isClosed() || link.connection.isDraining()) return;
  const live = subscribeToEntries(link, options.liveSubject, end);
  const cursor = { seen: options.after, look: firstLook };
  try {
    for (let tries = 0; !end.aborted; tries++) {
      yield* readBacklog(link, { ...options, cursor, end });
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
async function* readBacklog(
  link: Link,
  { stream, subject, cursor, end }: FollowOptions & { cursor: Cursor; end: AbortSignal },
): AsyncGenerator<Followed> {
  while (!end.aborted) {
    const found = await readOrWait(link, { stream, subject, after: cursor.seen }, end);
    if (found?.length === 0) return;
    for (const { data, sequence, subject: its } of found ?? []) {
      if (end.aborted) return;
      cursor.seen = sequence;
      yield { data, sequence, subject: its };
    }
  }
}

/** Undefined, after a while, when the broker is away. */
async function readOrWait(link: Link, range: Range, end: AbortSignal): Promise<StoredMessage[] | undefined> {
  try {
    return await getBehind(link, "follow a run", range);
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
      if (await live.wait(cursor.look)) {
        cursor.look = Math.min(cursor.look * 2, longestLook);
        return;
      }
    } else if (hasHole(live, cursor)) {
      return;
    } else {
      live.shift();
      if (next.sequence <= cursor.seen) continue;
      Object.assign(cursor, { seen: next.sequence, look: firstLook });
      yield { data: next.data, sequence: next.sequence, subject: next.subject };
    }
  }
}

/** Is there an entry before the oldest live one that was not seen? */
function hasHole(live: LiveEntries, { seen }: Cursor): boolean {
  const next = live.peek();
  return next !== undefined && next.sequence > seen && next.previous > seen;
}
