/**
 * A journal in JetStream: one stream a cluster, in it one subject a run. An entry carries the id that its writer gave it,
 * in a header of ours: servers differ in whether their own dedup (`Nats-Msg-Id`) or the expected sequence is looked at
 * first (up to 2.10 the id, in 2.15 the sequence), and their dedup spans all runs of a stream.
 */
import type { RunAddress } from "../../contract/names.ts";
import { buildStreamName } from "../../contract/streams.ts";
import { buildLiveSubject } from "../../contract/subjects.ts";
import { toSubject } from "../address.ts";
import { pause } from "../pause.ts";
import { BusUnavailable, type Appended, type Entry, type Journal } from "../port.ts";
import { getBehind, getLast, getNext, type StoredMessage, type Subject } from "./direct-get.ts";
import { follow } from "./follow.ts";
import type { Link } from "./link.ts";
import type { FindFeed } from "./live-feed.ts";
import { publishExpecting, toRefusal, type Publication } from "./publish.ts";

const idHeader = "Cd-Id";
const what = "append an entry";

export function createNatsJournal(link: Link, channel: "events" | "logs" | "controls", feeds: FindFeed): Journal {
  const find = (address: RunAddress): Subject => ({
    subject: toSubject(channel, address),
    stream: buildStreamName(channel, address.cluster),
  });
  return {
    async append(address, data, { id, after }) {
      const place = find(address);
      const publication = { subject: place.subject, data, expected: after, headers: { [idHeader]: id } };
      const published = await publishExpecting(link, what, publication);
      if (published.kind === "refused") throw toRefusal(what, published);
      if (published.kind === "stored") return { kind: "appended", sequence: published.sequence };
      const last = await getLastFrom(link, place, published.last ?? 0);
      return last === undefined ? appendFirst(link, publication) : findEntry(link, { place, last, id, after });
    },
    async last(address) {
      const found = await getLast(link, "read the last entry", find(address));
      return found && { data: found.data, sequence: found.sequence, bytes: found.bytes };
    },
    async read(address) {
      const found: Entry[] = [];
      for (;;) {
        const after = found.at(-1)?.sequence ?? 0;
        const next = await getBehind(link, "read a run's entries", { ...find(address), after });
        if (next.length === 0) return found;
        found.push(...next.map(({ data, sequence }) => ({ data, sequence })));
      }
    },
    async *follow(address, options) {
      const liveSubject = buildLiveSubject(channel, address);
      for await (const { data, sequence } of follow(link, { ...options, ...find(address), liveSubject, feeds }))
        yield { data, sequence };
    },
  };
}

const replicaTries = 10;
const replicaPause = 50;

/** The run's last entry, not older than the sequence that the server named: a replica may be a moment behind. */
async function getLastFrom(link: Link, place: Subject, sequence: number): Promise<StoredMessage | undefined> {
  for (let tries = 0; tries < replicaTries && !link.end.aborted; tries++) {
    const last = await getLast(link, what, place);
    if ((last?.sequence ?? 0) >= sequence) return last;
    await pause(replicaPause, link.end);
  }
  throw new BusUnavailable(what, { reason: "a replica of the broker is behind" });
}

/** Nothing of the run is kept any more, so that there is nothing that the entry could be behind. */
async function appendFirst(link: Link, publication: Publication): Promise<Appended> {
  const published = await publishExpecting(link, what, { ...publication, expected: 0 });
  return published.kind === "stored" ? { kind: "appended", sequence: published.sequence } : { kind: "conflict" };
}

/** Is it this entry itself that is stored already, as its answer was lost? Then it is the first one behind `after`. */
async function findEntry(
  link: Link,
  { place, last, id, after }: { place: Subject; last: StoredMessage; id: string; after: number },
): Promise<Appended> {
  if (last.header(idHeader) === id) return { kind: "appended", sequence: last.sequence };
  if (last.sequence <= after) return { kind: "conflict" };
  const first = await getNext(link, what, { ...place, after });
  return first?.header(idHeader) === id ? { kind: "appended", sequence: first.sequence } : { kind: "conflict" };
}
