/**
 * Placing a run: the record first, by compare-and-set, as that is the lock; then the `requested` event; then the request
 * itself. Whoever dies between two of them leaves a run without events, or one that is requested and not queued; the next
 * request for the resource sends the rest again, and both steps are harmless twice.
 */
import { ulid } from "ulid";
import { MessageTooLarge, type Bus } from "../bus/port.ts";
import { encodeMessage } from "../contract/decode.ts";
import { buildRunEvent, type RunEventData } from "../contract/events.ts";
import type { Action, ResourceAddress, RunOrder, RunRequest } from "../contract/run.ts";
import { formatTrace, type TraceContext } from "../contract/trace-context.ts";
import type { FrontDoorKeys } from "../sealing/keys.ts";
import { digestInputs, sealOrder } from "../sealing/request.ts";
import { deriveRunKey } from "../sealing/run-key.ts";
import { describeRun, type Span, type Tracer } from "../tracer.ts";
import type { Cluster } from "./clusters.ts";
import type { LastCreate, LastRun, Loaded, Records, ResourceRecord } from "./record.ts";

/** A run that is to be placed. */
export interface Wish {
  readonly address: ResourceAddress;
  readonly action: Action;
  readonly update: boolean;
  readonly type: string;
  readonly cluster: Cluster;
  readonly create: LastCreate;
  readonly unlessCommit?: string | undefined;
  /** The trace of the request that wishes it. */
  readonly trace?: TraceContext | undefined;
}

export type Placed = { readonly kind: "placed"; readonly record: ResourceRecord } | { readonly kind: "conflict" };

export interface Placement {
  /** Places a run if the resource's record is still as it was loaded. */
  place(wish: Wish, loaded: Loaded): Promise<Placed>;
  /** Sends again what a dead front door may have left unsent; harmless when nothing is missing. */
  complete(address: ResourceAddress, record: ResourceRecord): Promise<void>;
}

export interface PlacementOptions {
  readonly bus: Pick<Bus, "events" | "requests">;
  readonly records: Records;
  readonly keys: FrontDoorKeys;
  readonly now: () => Date;
  readonly tracer?: Tracer | undefined;
}

export function createPlacement({ bus, records, keys, now, tracer }: PlacementOptions): Placement {
  async function place(wish: Wish, loaded: Loaded): Promise<Placed> {
    const requestedAt = now();
    const runId = ulid(requestedAt.getTime()).toLowerCase();
    const span = beginSpan(wish, { runId, at: requestedAt });
    try {
      const placed = await placeRun(wish, loaded, { runId, requestedAt, trace: span?.context ?? wish.trace });
      // A span that isn't ended was none: another request has placed a run.
      if (placed.kind === "placed") span?.end({ at: now() });
      return placed;
    } catch (error) {
      // Its record may be written: then the next request sends it, and its trace goes on from here.
      span?.end({ at: now(), error: error instanceof MessageTooLarge ? "too_large" : "unavailable" });
      throw error;
    }
  }

  function beginSpan({ address, action, cluster, trace }: Wish, { runId, at }: Moment): Span | undefined {
    const run = describeRun({ ...address, runId, cluster: cluster.name, action });
    const attributes = { ...run, "messaging.system": "nats", "messaging.operation.type": "send" };
    return tracer?.begin("send requests", { kind: "producer", parent: trace, at, attributes });
  }

  async function placeRun(
    wish: Wish,
    loaded: Loaded,
    { runId, requestedAt, trace }: { runId: string; requestedAt: Date; trace: TraceContext | undefined },
  ): Promise<Placed> {
    const order = await buildOrder({ ...wish, trace }, { runId, requestedAt, keys });
    const run: LastRun = {
      runId,
      cluster: wish.cluster.name,
      action: wish.action,
      update: wish.update,
      order: await sealOrder(order, { signing: keys.signing, clusterKey: wish.cluster.key }),
      runKeyId: order.runKeyId,
      requestedAt: order.requestedAt,
      ...(order.traceparent === undefined ? {} : { traceparent: order.traceparent }),
    };
    const kept = wish.update || wish.action === "destroy" ? loaded.record?.result : undefined;
    const record: ResourceRecord = {
      v: 1,
      type: wish.type,
      run,
      create: wish.create,
      ...(kept === undefined ? {} : { result: kept }),
    };
    const written = await records.save(wish.address, record, loaded.revision);
    if (written.kind === "conflict") return written;
    await complete(wish.address, record);
    return { kind: "placed", record };
  }

  async function complete(address: ResourceAddress, { type, run, create }: ResourceRecord): Promise<void> {
    const { runId, cluster, action, traceparent } = run;
    const data: RunEventData = { runId, cluster, ...address, type, action, phase: "requested" };
    const told = { id: `${runId}.requested`, source: "/front-door", time: now(), traceparent };
    const event = buildRunEvent("requested", data, told);
    // A conflict means that the run has events already: then this one is among them, or the agent was faster.
    await bus.events.append(run, encodeMessage(event), { id: event.id, after: 0 });
    const request: RunRequest = { v: 1, order: run.order, inputs: create.inputs };
    await bus.requests.place(run, encodeMessage(request));
  }

  return { place, complete };
}

/** A run, and when it is. */
interface Moment {
  readonly runId: string;
  readonly at: Date;
}

async function buildOrder(
  wish: Wish,
  { runId, requestedAt, keys }: { runId: string; requestedAt: Date; keys: FrontDoorKeys },
): Promise<RunOrder> {
  const address = { cluster: wish.cluster.name, runId };
  const runKey = await deriveRunKey(keys, address);
  return {
    v: 1,
    ...address,
    ...wish.address,
    type: wish.type,
    action: wish.action,
    runKey: runKey.key,
    runKeyId: runKey.id,
    inputsDigest: await digestInputs(wish.create.inputs),
    requestedAt: requestedAt.toISOString(),
    ...(wish.unlessCommit === undefined ? {} : { unlessCommit: wish.unlessCommit }),
    ...(wish.trace === undefined ? {} : formatTrace(wish.trace)),
  };
}
