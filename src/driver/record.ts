/**
 * What we know of a resource: what was last asked of it, by which run, and what it needs to be destroyed. Written only by
 * compare-and-set; that is the lock which lets one run of a resource live at a time. Nothing in it is in plain text but
 * names and times.
 */
import * as v from "valibot";
import type { RecordStore, Written } from "../bus/port.ts";
import { decodeMessage, encodeMessage } from "../contract/decode.ts";
import { Failure } from "../contract/events.ts";
import { ClusterName, ResourceType, RunAddress, RunId } from "../contract/names.ts";
import { Action, type ResourceAddress } from "../contract/run.ts";
import { buildResourceKey } from "../contract/subjects.ts";
import { SecretId } from "../sealing/key-files.ts";

/** The last run that was placed for the resource. */
const LastRun = v.object({
  runId: RunId,
  cluster: ClusterName,
  action: Action,
  /** A create of what exists already. */
  update: v.boolean(),
  /** The sealed order, kept until it is surely on its way: whoever finds the run not yet placed sends it again. */
  order: v.string(),
  /** Which of our secrets its key comes from. Older records don't say. */
  runKeyId: v.optional(SecretId),
  requestedAt: v.string(),
  /** Where in a trace it was placed: whoever answers for it later leads there. */
  traceparent: v.optional(v.string()),
  /** How it ended; set once a caller was told, so that it doesn't depend on how long events are kept. */
  told: v.optional(
    v.variant("kind", [
      v.object({ kind: v.literal("succeeded") }),
      v.object({ kind: v.literal("failed"), sealed: v.string() }),
      v.object({ kind: v.literal("cancelled"), sealed: v.string() }),
      // Nobody vouches for the end: there is nothing sealed, and the words are our own.
      v.object({ kind: v.literal("lost"), failure: Failure }),
    ]),
  ),
});
export type LastRun = v.InferOutput<typeof LastRun>;

/** The last create that was accepted: destroy needs its inputs, months later. */
const LastCreate = v.object({
  cluster: ClusterName,
  /** Sealed to that cluster. */
  inputs: v.string(),
  /** Keyed hash of the inputs: whether a request asks for the same again. */
  fingerprint: v.string(),
  /** `timeout` of the inputs, which are out of reach now. */
  timeoutSeconds: v.number(),
});
export type LastCreate = v.InferOutput<typeof LastCreate>;

export const ResourceRecord = v.object({
  v: v.literal(1),
  type: ResourceType,
  run: LastRun,
  create: LastCreate,
  /** There is a sealed result under `<key>.result`: a create has succeeded and a caller was told. */
  result: v.optional(v.object({ commit: v.optional(v.string()) })),
});
export type ResourceRecord = v.InferOutput<typeof ResourceRecord>;

/** The sealed result of the last create that succeeded, with what its key is derived from. */
const StoredResult = v.object({ ...RunAddress.entries, sealed: v.string() });
export type StoredResult = v.InferOutput<typeof StoredResult>;

/** A record as it was read, with what a write has to expect. */
export interface Loaded {
  readonly record: ResourceRecord | undefined;
  readonly revision: number;
}

export interface LoadedResult {
  readonly result: StoredResult | undefined;
  readonly revision: number;
}

/** Reads and writes records, and the sealed result beside each: apart, as together they can pass the payload limit. */
export interface Records {
  load(address: ResourceAddress): Promise<Loaded>;
  save(address: ResourceAddress, record: ResourceRecord, expected: number): Promise<Written>;
  /** Forgets the resource and its result. */
  forget(address: ResourceAddress, expected: number): Promise<Written>;
  loadResult(address: ResourceAddress): Promise<LoadedResult>;
  saveResult(address: ResourceAddress, result: StoredResult, expected: number): Promise<Written>;
}

export function createRecords(store: RecordStore): Records {
  const resultKey = (address: ResourceAddress) => `${buildResourceKey(address)}.result`;
  return {
    async load(address) {
      const key = buildResourceKey(address);
      const stored = await store.get(key);
      if (stored === undefined) return { record: undefined, revision: 0 };
      return { record: decodeStored(ResourceRecord, key, stored.value), revision: stored.revision };
    },
    save: (address, record, expected) => store.set(buildResourceKey(address), encodeMessage(record), expected),
    async forget(address, expected) {
      const result = await store.get(resultKey(address));
      const written = await store.remove(buildResourceKey(address), expected);
      if (written.kind === "written" && result !== undefined) await store.remove(resultKey(address), result.revision);
      return written;
    },
    async loadResult(address) {
      const key = resultKey(address);
      const stored = await store.get(key);
      if (stored === undefined) return { result: undefined, revision: 0 };
      return { result: decodeStored(StoredResult, key, stored.value), revision: stored.revision };
    },
    saveResult: (address, result, expected) => store.set(resultKey(address), encodeMessage(result), expected),
  };
}

/** We alone write here: what can't be read is damage, and guessing could run a resource twice. */
function decodeStored<S extends v.GenericSchema>(schema: S, key: string, value: Uint8Array): v.InferOutput<S> {
  const decoded = decodeMessage(schema, value);
  if (!decoded.ok) throw new Error(`Cannot read the record ${key}: ${decoded.problem}`);
  return decoded.value;
}
