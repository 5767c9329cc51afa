/** Ends a run whose request can't be carried out: unreadable, not ordered by a front door that we trust, or too old. */
import type { Bus, Lease } from "../../src/bus/port.ts";
import { BusUnavailable } from "../../src/bus/port.ts";
import { decodeMessage, encodeMessage } from "../../src/contract/decode.ts";
import { buildRunEvent, eventTypes, RunEvent, type RunEventData, type RunResult } from "../../src/contract/events.ts";
import type { RunOrder } from "../../src/contract/run.ts";
import { sealResult } from "../../src/sealing/result.ts";
import type { Backoff } from "./backoff.ts";
import type { EventObserver } from "./event-writer.ts";

export interface RefuseOptions {
  readonly bus: Pick<Bus, "events">;
  readonly lease: Lease;
  readonly agent: string;
  readonly problem: string;
  /** The order, when at least that is authentic: then the refusal is, too. */
  readonly order: RunOrder | undefined;
  readonly now: () => Date;
  readonly backoff: Backoff;
  readonly observer?: EventObserver | undefined;
}

/**
 * Publishes the refusal as the run's end. Nothing is published when the run is beyond `requested`: then somebody has put
 * a second message beside the real one, and must not end the run with it.
 */
export async function refuseRequest(options: RefuseOptions): Promise<void> {
  const { bus, lease, agent, problem, order, now, backoff, observer } = options;
  const { address } = lease;
  const isTransient = (error: unknown) => error instanceof BusUnavailable;
  const last = await backoff(() => bus.events.last(address), isTransient);
  const before = last === undefined ? undefined : decodeMessage(RunEvent, last.data);
  if (before?.ok === true && before.value.data.phase !== "requested") return;
  const result: RunResult = { kind: "failed", failure: { reason: "invalid-request", message: problem } };
  const { driver, guresid, type, action } = order ?? (before?.ok === true ? before.value.data : unknownRun);
  const sealed = order === undefined ? undefined : await sealResult(result, { ...order, type: eventTypes.failed });
  const data: RunEventData = {
    ...address,
    driver,
    guresid,
    type,
    action,
    phase: "failed",
    failure: result.failure,
    ...(sealed === undefined ? {} : { sealed }),
  };
  const source = `/clusters/${address.cluster}/agents/${agent}`;
  const time = now();
  const event = buildRunEvent("failed", data, {
    id: `${address.runId}.end`,
    source,
    time,
    traceparent: order?.traceparent,
  });
  const appended = await backoff(
    () => bus.events.append(address, encodeMessage(event), { id: event.id, after: last?.sequence ?? 0 }),
    isTransient,
  );
  if (appended.kind === "appended") observer?.eventStored({ kind: "failed", action, time, reason: "invalid-request" });
}

/** What is said of a run that nobody has announced. */
const unknownRun = { driver: "unknown", guresid: "unknown", type: "unknown", action: "create" } as const;
