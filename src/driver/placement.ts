/**
 * Placing a run: the record first, by compare-and-set, as that is the lock; then the `requested` event; then the request
 * itself. Whoever dies between two of them leaves a run without events, or one that is requested and not queued; the next
 * request for the resource sends the rest again, and both steps are harmless twice.
 */
import { ulid } from "ulid";
import type { Bus } from "../bus/port.ts";
import { encodeMessage } from "../contract/decode.ts";
import { buildRunEvent, type RunEventData } from "../contract/events.ts";
import type { Action, ResourceAddress, RunOrder, RunRequest } from "../contract/run.ts";
import type { FrontDoorKeys } from "../sealing/keys.ts";
import { digestInputs, sealOrder } from "../sealing/request.ts";
import { deriveRunKey } from "../sealing/run-key.ts";
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
  readonly traceparent?: string | undefined;
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
}

export function createPlacement({ bus, records, keys, now }: PlacementOptions): Placement {
  async function place(wish: Wish, loaded: Loaded): Promise<Placed> {
    const runId = ulid(now().getTime()).toLowerCase();
    const order = await buildOrder(wish, { runId, requestedAt: now(), keys });
    const run: LastRun = {
      runId,
      cluster: wish.cluster.name,
      action: wish.action,
      update: wish.update,
      order: await sealOrder(order, { signing: keys.signing, clusterKey: wish.cluster.key }),
      requestedAt: order.requestedAt,
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
    const { runId, cluster, action } = run;
    const data: RunEventData = { runId, cluster, ...address, type, action, phase: "requested" };
    const event = buildRunEvent("requested", data, { id: `${runId}.requested`, source: "/front-door", time: now() });
    // A conflict means that the run has events already: then this one is among them, or the agent was faster.
    await bus.events.append(run, encodeMessage(event), { id: event.id, after: 0 });
    const request: RunRequest = { v: 1, order: run.order, inputs: create.inputs };
    await bus.requests.place(run, encodeMessage(request));
  }

  return { place, complete };
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
    ...(wish.traceparent === undefined ? {} : { traceparent: wish.traceparent }),
  };
}
