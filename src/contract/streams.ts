/**
 * What there is on the broker, as data: streams, buckets and consumers by name, and how they are configured. Field names
 * are NATS' own; durations are nanoseconds. `src/bus/nats/provision.ts` makes them, nothing else does.
 */
import { buildRepublish, buildWildcard } from "./subjects.ts";

export const streamNames = { requests: "CD_REQUESTS", events: "CD_EVENTS", logs: "CD_LOGS" } as const;

/** Key-value buckets (NATS ADR-8): the resources' records, and what agents announce of themselves. */
export const bucketNames = { resources: "resources", clusters: "clusters" } as const;

/** The stream behind a bucket. */
export function buildBucketStream(bucket: string): string {
  return `KV_${bucket}`;
}

/** The subject of a bucket's key. */
export function buildKeySubject(bucket: string, key: string): string {
  return `$KV.${bucket}.${key}`;
}

/** A cluster's durable consumer of its requests has the cluster's name: both are one subject token. */
export function buildConsumerName(cluster: string): string {
  return cluster;
}

/** What may be chosen when streams are made; each has a default, and what is left out later stays as it is. */
export interface StreamChoices {
  /** Copies on a clustered broker: 1, 3 or 5. */
  readonly replicas?: number;
  readonly storage?: "file" | "memory";
  /** How long events are kept, days. Longer than any run may take. */
  readonly eventDays?: number;
  /** How long logs are kept at most, days. */
  readonly logDays?: number;
  /** How much log is kept at most, bytes; the oldest go first. */
  readonly logBytes?: number;
  /** How long what an agent announced counts, seconds. */
  readonly announcementSeconds?: number;
}

/** What may be chosen for a cluster. */
export interface ClusterChoices {
  /** How long a lease lasts without being renewed, seconds. */
  readonly ackWaitSeconds?: number;
  /** How many runs the cluster takes at once, over all its agent's replicas. */
  readonly capacity?: number;
}

export type Configuration = Readonly<Record<string, unknown>>;

/** How a stream has to be (`fixed`), and how it is made where nobody chose otherwise (`initial`). */
export interface StreamPlan {
  readonly name: string;
  readonly fixed: Configuration;
  readonly initial: Configuration;
}

const second = 1_000_000_000;
const day = 24 * 3600 * second;

/** Every stream. `messageTtl`: the server can let single messages expire (2.11 and newer). */
export function describeStreams(choices: StreamChoices, messageTtl: boolean): StreamPlan[] {
  const { replicas, storage, eventDays, logDays, logBytes, announcementSeconds } = choices;
  const shared = { storage, num_replicas: replicas };
  const plan = (name: string, structure: Configuration, chosen: Configuration, initial: Configuration): StreamPlan => ({
    name,
    fixed: { ...structure, ...omitUndefined({ ...shared, ...chosen }) },
    initial: { storage: "file", num_replicas: 1, ...initial },
  });
  return [
    // A request stays until it is acknowledged, however long the cluster's agents are away.
    plan(streamNames.requests, { subjects: [buildWildcard("requests")], retention: "workqueue" }, {}, {}),
    plan(streamNames.events, describeJournal("events"), { max_age: toNanos(eventDays, day) }, { max_age: 30 * day }),
    plan(
      streamNames.logs,
      describeJournal("logs"),
      { max_age: toNanos(logDays, day), max_bytes: logBytes },
      { max_age: 7 * day, max_bytes: 1024 ** 3 },
    ),
    // A removed record leaves a marker, which may go after a while.
    plan(
      buildBucketStream(bucketNames.resources),
      { ...describeBucket(bucketNames.resources), ...(messageTtl ? { allow_msg_ttl: true } : {}) },
      {},
      {},
    ),
    plan(
      buildBucketStream(bucketNames.clusters),
      describeBucket(bucketNames.clusters),
      { max_age: toNanos(announcementSeconds, second) },
      { max_age: 60 * second },
    ),
  ];
}

/** A consumer is made anew with these; the rest is NATS' default. */
export function describeConsumer(cluster: string, choices: ClusterChoices): Omit<StreamPlan, "name"> {
  return {
    fixed: {
      filter_subject: buildWildcard("requests", cluster),
      ack_policy: "explicit",
      deliver_policy: "all",
      // Who can't be run is ended by the agent, with a reason; the broker gives up on nothing.
      max_deliver: -1,
      ...omitUndefined({ ack_wait: toNanos(choices.ackWaitSeconds, second), max_ack_pending: choices.capacity }),
    },
    initial: { ack_wait: 30 * second, max_ack_pending: 100 },
  };
}

/** One subject a run; direct reads, and a repetition of each entry for those who follow, make consumers needless. */
function describeJournal(channel: "events" | "logs"): Configuration {
  return {
    subjects: [buildWildcard(channel)],
    retention: "limits",
    discard: "old",
    allow_direct: true,
    republish: buildRepublish(channel),
  };
}

function describeBucket(bucket: string): Configuration {
  return {
    subjects: [buildKeySubject(bucket, ">")],
    retention: "limits",
    discard: "new",
    max_msgs_per_subject: 1,
    allow_rollup_hdrs: true,
    allow_direct: true,
  };
}

function toNanos(count: number | undefined, unit: number): number | undefined {
  return count === undefined ? undefined : Math.round(count * unit);
}

function omitUndefined(fields: Configuration): Configuration {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
