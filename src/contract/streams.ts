/**
 * What there is on the broker, as data: streams, buckets and consumers by name, and how they are configured. Field names
 * are NATS' own; durations are nanoseconds. `src/bus/nats/provision.ts` makes them, nothing else does. Each cluster has
 * streams of its own: docs/broker.md says why.
 */
import { limits } from "./limits.ts";
import { buildRepublish, buildWildcard, type Channel } from "./subjects.ts";

/** `events-<cluster>`; `agents` holds what the cluster's agents announce of themselves. */
export function buildStreamName(channel: Channel | "agents", cluster: string): string {
  return `${channel}-${cluster}`;
}

/**
 * Key-value buckets (NATS ADR-8): the resources' records, and where the program that delivers webhooks keeps how far it is.
 * Who may write to the one need not be able to touch the other.
 */
export const buckets = ["resources", "webhooks"] as const;
export type Bucket = (typeof buckets)[number];

/** A bucket's stream. */
export function buildBucketStream(bucket: Bucket): string {
  return `KV_${bucket}`;
}

/** The subject of a record. */
export function buildRecordSubject(bucket: Bucket, key: string): string {
  return `$KV.${bucket}.${key}`;
}

/** A cluster's durable consumer of its requests has the cluster's name: both are one subject token. */
export function buildConsumerName(cluster: string): string {
  return cluster;
}

/** What may be chosen for any stream; what is left out has a default, and stays as it is later. */
export interface StreamChoices {
  /** Copies on a clustered broker: 1, 3 or 5. */
  readonly replicas?: number;
  readonly storage?: "file" | "memory";
}

/** What may be chosen for a cluster. */
export interface ClusterChoices extends StreamChoices {
  /** How long events are kept, days. Longer than any run may take. */
  readonly eventDays?: number;
  /** How long logs are kept at most, days. */
  readonly logDays?: number;
  /** How much log is kept at most, bytes; the oldest goes first. The server sets that much of its storage aside. */
  readonly logBytes?: number;
  /** How long a lease lasts without being renewed, seconds. */
  readonly ackWaitSeconds?: number;
  /** How many runs the cluster takes at once, over all its agent's replicas. */
  readonly capacity?: number;
  /** How long what an agent announced counts, seconds. */
  readonly announcementSeconds?: number;
}

export type Configuration = Readonly<Record<string, unknown>>;

/** How a stream or consumer has to be (`fixed`), and how it is made where nobody chose otherwise (`initial`). */
export interface Plan {
  readonly name: string;
  readonly fixed: Configuration;
  readonly initial: Configuration;
}

const second = 1_000_000_000;
const day = 24 * 3600 * second;
/** What is asked of a run counts as long as its request may wait, and as the run may then take. */
const controlDays = limits.requestDays + Math.ceil(limits.timeoutSeconds / (24 * 3600)) + 1;

/** A bucket, one for all clusters. `messageTtl`: the server lets single messages expire (2.11 and newer). */
export function describeBucket(bucket: Bucket, choices: StreamChoices, messageTtl: boolean): Plan {
  const structure = {
    subjects: [buildRecordSubject(bucket, ">")],
    retention: "limits",
    discard: "new",
    max_msgs_per_subject: 1,
    allow_rollup_hdrs: true,
    allow_direct: true,
  };
  // A removed record leaves a marker, which may go after a while.
  return planStream(buildBucketStream(bucket), choices, {
    structure: messageTtl ? { ...structure, allow_msg_ttl: true } : structure,
  });
}

/** A cluster's streams. */
export function describeClusterStreams(cluster: string, choices: ClusterChoices): Plan[] {
  const { eventDays, logDays, logBytes, announcementSeconds } = choices;
  const plan = (channel: Channel | "agents", parts: Parts) =>
    planStream(buildStreamName(channel, cluster), choices, {
      ...parts,
      structure: { subjects: [buildWildcard(channel, cluster)], ...parts.structure },
    });
  return [
    // A request stays until it is acknowledged, however long the cluster's agents are away.
    plan("requests", { structure: { retention: "workqueue" } }),
    plan("events", {
      structure: describeJournal("events", cluster),
      chosen: { max_age: toNanos(eventDays, day) },
      initial: { max_age: 30 * day },
    }),
    plan("logs", {
      structure: describeJournal("logs", cluster),
      chosen: { max_age: toNanos(logDays, day), max_bytes: logBytes },
      initial: { max_age: 7 * day, max_bytes: 256 * 1024 ** 2 },
    }),
    plan("controls", {
      // The last one counts: whoever asks again, however often, takes no more room.
      structure: { ...describeJournal("controls", cluster), max_msgs_per_subject: 1 },
      initial: { max_age: controlDays * day },
    }),
    plan("agents", {
      // All of it is read for an answer, and whoever has the cluster's credentials may write there.
      structure: {
        retention: "limits",
        max_msgs_per_subject: 1,
        max_msgs: limits.announcements,
        max_msg_size: limits.announcementBytes,
        allow_direct: true,
      },
      chosen: { max_age: toNanos(announcementSeconds, second) },
      initial: { max_age: 60 * second },
    }),
  ];
}

/** The consumer through which a cluster's agents take its requests. */
export function describeConsumer(cluster: string, { ackWaitSeconds, capacity }: ClusterChoices): Plan {
  return {
    name: buildConsumerName(cluster),
    fixed: omitUndefined({
      ack_policy: "explicit",
      deliver_policy: "all",
      // Who can't be run is ended by the agent, with a reason; the broker gives up on nothing.
      max_deliver: -1,
      ack_wait: toNanos(ackWaitSeconds, second),
      max_ack_pending: capacity,
    }),
    initial: { ack_wait: 30 * second, max_ack_pending: 100 },
  };
}

interface Parts {
  readonly structure: Configuration;
  /** Undefined where nobody chose. */
  readonly chosen?: Configuration;
  readonly initial?: Configuration;
}

function planStream(name: string, choices: StreamChoices, { structure, chosen, initial }: Parts): Plan {
  const { storage, replicas } = choices;
  return {
    name,
    fixed: omitUndefined({ ...structure, storage, num_replicas: replicas, ...chosen }),
    initial: { storage: "file", num_replicas: 1, ...initial },
  };
}

/** One subject a run; direct reads, and a repetition of each entry for those who follow, make consumers needless. */
function describeJournal(channel: Channel, cluster: string): Configuration {
  return { retention: "limits", discard: "old", allow_direct: true, republish: buildRepublish(channel, cluster) };
}

function toNanos(count: number | undefined, unit: number): number | undefined {
  return count === undefined ? undefined : Math.round(count * unit);
}

function omitUndefined(fields: Configuration): Configuration {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
