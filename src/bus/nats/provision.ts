/**
 * Makes the streams, buckets and consumers, or brings them up to date: never done on the way of a request. Doing it again
 * changes nothing, and what was chosen once stays unless something else is chosen.
 */
import type { NatsConnection } from "@nats-io/nats-core";
import { jetstreamManager, JetStreamApiError, type JetStreamManager } from "@nats-io/jetstream";
import {
  buckets,
  buildBucketStream,
  buildRecordSubject,
  buildStreamName,
  describeBucket,
  describeClusterStreams,
  describeConsumer,
  type ClusterChoices,
  type Configuration,
  type Plan,
  type StreamChoices,
} from "../../contract/streams.ts";
import { checkCluster } from "../address.ts";
import { checkReplicas, checkServer, isModern } from "./server-version.ts";

/** What became of a stream or consumer. */
export type Provisioned =
  | { readonly kind: "created" | "unchanged"; readonly what: string }
  | { readonly kind: "updated"; readonly what: string; readonly differences: readonly Difference[] }
  /** NATS can't change this of what is there. */
  | { readonly kind: "refused"; readonly what: string; readonly differences: readonly Difference[]; reason: string };

export interface Difference {
  readonly field: string;
  readonly is: unknown;
  readonly wanted: unknown;
}

/** Makes what all clusters share. Rejects where the server is too old or JetStream is off. */
export async function provision(connection: NatsConnection, choices: StreamChoices = {}): Promise<Provisioned[]> {
  const manager = await openManager(connection, choices);
  const results: Provisioned[] = [];
  for (const bucket of buckets)
    results.push(await provisionStream(manager, describeBucket(bucket, choices, isModern(connection))));
  return results;
}

/** Makes a cluster's streams, and the consumer of its requests. */
export async function provisionCluster(
  connection: NatsConnection,
  cluster: string,
  choices: ClusterChoices = {},
): Promise<Provisioned[]> {
  const manager = await openManager(connection, choices);
  const results: Provisioned[] = [];
  for (const plan of describeClusterStreams(checkCluster(cluster), choices))
    results.push(await provisionStream(manager, plan));
  const consumer = describeConsumer(cluster, choices);
  return [...results, await provisionConsumer(manager, buildStreamName("requests", cluster), consumer)];
}

/**
 * Removes a cluster's streams: what is queued, what happened, what was logged; and how far webhooks were, as new streams count
 * from 1 again. Twice is fine.
 *
 * @returns the streams that were there.
 */
export async function removeCluster(connection: NatsConnection, cluster: string): Promise<string[]> {
  const { streams } = await openManager(connection, {});
  const removed: string[] = [];
  for (const { name } of describeClusterStreams(checkCluster(cluster), {}))
    if ((await readIfThere(async () => ({ removed: await streams.delete(name) }))) !== undefined) removed.push(name);
  for (const key of [`*.${cluster}`, `*.${cluster}.parked`]) {
    const filter = buildRecordSubject("webhooks", key);
    await readIfThere(async () => ({ purged: await streams.purge(buildBucketStream("webhooks"), { filter }) }));
  }
  return removed;
}

function provisionStream({ streams }: JetStreamManager, plan: Plan): Promise<Provisioned> {
  const { name } = plan;
  return bringUpToDate(plan, {
    what: `stream ${name}`,
    read: async () => ({ ...(await streams.info(name)).config }),
    create: (config) => streams.add({ ...config, name }),
    update: (config) => streams.update(name, config),
  });
}

function provisionConsumer({ consumers }: JetStreamManager, stream: string, plan: Plan): Promise<Provisioned> {
  const { name } = plan;
  return bringUpToDate(plan, {
    what: `consumer ${name} of ${stream}`,
    read: async () => ({ ...(await consumers.info(stream, name)).config }),
    create: (config) => consumers.add(stream, { ...config, durable_name: name }),
    update: (config) => consumers.update(stream, name, config),
  });
}

/** Says what became of something, in one line. */
export function describeProvisioned(result: Provisioned): string {
  if (!("differences" in result)) return `${result.what}: ${result.kind}`;
  const differences = result.differences.map(({ field, is, wanted }) => `${field} ${show(is)} -> ${show(wanted)}`);
  const text = `${result.what}: ${result.kind}, ${differences.join(", ")}`;
  return result.kind === "refused" ? `${text}: ${result.reason}` : text;
}

interface Item {
  readonly what: string;
  readonly read: () => Promise<Configuration>;
  readonly create: (config: Configuration) => Promise<unknown>;
  readonly update: (config: Configuration) => Promise<unknown>;
}

async function openManager(connection: NatsConnection, { replicas }: StreamChoices): Promise<JetStreamManager> {
  checkServer(connection);
  checkReplicas(connection, replicas);
  try {
    return await jetstreamManager(connection);
  } catch (cause) {
    throw new Error(
      "Cannot provision the broker: JetStream does not answer. Is it on for this account, and may these credentials (NATS_CREDENTIALS) make streams?",
      { cause },
    );
  }
}

async function bringUpToDate({ fixed, initial }: Plan, item: Item): Promise<Provisioned> {
  const { what } = item;
  const is = await readIfThere(item.read);
  if (is === undefined) {
    await create(item, { ...initial, ...fixed });
    return { kind: "created", what };
  }
  const differences = Object.entries(fixed)
    .filter(([field, wanted]) => !isEqual(is[field], wanted))
    .map(([field, wanted]) => ({ field, is: is[field], wanted }));
  if (differences.length === 0) return { kind: "unchanged", what };
  try {
    await item.update({ ...is, ...fixed });
    return { kind: "updated", what, differences };
  } catch (error) {
    if (!(error instanceof JetStreamApiError)) throw error;
    return { kind: "refused", what, differences, reason: error.message };
  }
}

async function create(item: Item, config: Configuration): Promise<void> {
  try {
    await item.create(config);
  } catch (cause) {
    // Such as "insufficient storage resources available": logs have theirs set aside.
    throw new Error(`Cannot create ${item.what}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/** No such stream, no such consumer. */
const notFound = [10059, 10014];

async function readIfThere(read: Item["read"]): Promise<Configuration | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof JetStreamApiError && notFound.includes(error.code)) return undefined;
    throw error;
  }
}

/** The server adds fields of its own within objects, such as `republish`: only what is wanted counts. */
function isEqual(is: unknown, wanted: unknown): boolean {
  if (typeof wanted !== "object" || wanted === null) return is === wanted;
  if (typeof is !== "object" || is === null) return false;
  const actual = new Map(Object.entries(is));
  if (Array.isArray(wanted) && wanted.length !== actual.size) return false;
  return Object.entries(wanted).every(([key, value]) => isEqual(actual.get(key), value));
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? "unset";
}
