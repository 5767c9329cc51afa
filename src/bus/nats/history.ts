/**
 * A cluster's events of all runs, read from its stream by sequence. Its sequences have no gaps but those that an
 * administrator makes; what the stream's limits took is before its first one.
 */
import { buildStreamName } from "../../contract/streams.ts";
import { buildLiveSubject, parseSubject } from "../../contract/subjects.ts";
import { checkCluster } from "../address.ts";
import type { History, HistoryEntry } from "../port.ts";
import { getAt, getNewest, getNext, type Subject } from "./direct-get.ts";
import { follow, type Followed } from "./follow.ts";
import type { Link } from "./link.ts";
import type { FindFeed } from "./live-feed.ts";

/** All that the stream has: for the stream's own wildcard the server would look through the subjects of all runs. */
const everything = ">";

export function createNatsHistory(link: Link, feeds: FindFeed): History {
  const find = (cluster: string): Subject => ({
    subject: everything,
    stream: buildStreamName("events", checkCluster(cluster)),
  });

  return {
    async page(cluster, { before, count }) {
      const what = "read the history";
      const place = find(cluster);
      const [first, last] = await Promise.all([
        getNext(link, what, { ...place, after: 0 }),
        before === undefined ? getNewest(link, what, place) : undefined,
      ]);
      const top = before === undefined ? (last?.sequence ?? 0) : before - 1;
      if (first === undefined || top < first.sequence) return { entries: [], bytes: 0 };
      const bottom = Math.max(first.sequence, top - count + 1);
      const sequences = Array.from({ length: top - bottom + 1 }, (_, i) => top - i);
      // All at once: a page costs about as much time as one of its reads.
      const found = await Promise.all(
        sequences.map((sequence) => getAt(link, what, { stream: place.stream, sequence })),
      );
      const entries = found.flatMap((message) => (message === undefined ? [] : toEntries(cluster, message)));
      const bytes = found.reduce((sum, message) => sum + (message?.bytes ?? 0), 0);
      return bottom > first.sequence ? { entries, bytes, next: bottom } : { entries, bytes };
    },
    async locate(cluster, time) {
      const what = "find a time in the history";
      const place = find(cluster);
      const isBefore = (message: { header(name: string): string } | undefined) =>
        message !== undefined && Date.parse(message.header("Nats-Time-Stamp")) < time.getTime();
      const first = await getNext(link, what, { ...place, after: 0 });
      if (first === undefined || !isBefore(first)) return 0;
      const last = await getNewest(link, what, place);
      // `low` is always from before the time, `high` never is.
      let low = first.sequence;
      let high = (last?.sequence ?? low) + 1;
      while (high - low > 1) {
        const middle = Math.floor((low + high) / 2);
        const message = await getNext(link, what, { ...place, after: middle - 1 });
        if (message !== undefined && isBefore(message)) low = message.sequence;
        else high = middle;
      }
      return low;
    },
    async *followAll(cluster, options) {
      const liveSubject = buildLiveSubject("events", { cluster, runId: "*" });
      for await (const message of follow(link, { ...options, ...find(cluster), liveSubject, feeds }))
        yield* toEntries(cluster, message);
    },
  };
}

/** None, where it is not a run's of this cluster. */
function toEntries(expected: string, { data, sequence, subject }: Followed): HistoryEntry[] {
  const { cluster, runId } = parseSubject(subject) ?? {};
  return cluster !== expected || runId === undefined ? [] : [{ address: { cluster, runId }, data, sequence }];
}
