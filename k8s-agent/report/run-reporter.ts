/**
 * Publishes a run's events under the fence: each one expects the run's last sequence, so that of two replicas that
 * believe they hold a run one is refused and stands down. A broker that is away is waited for.
 */
import type { Journal } from "../../src/bus/port.ts";
import { BusUnavailable } from "../../src/bus/port.ts";
import { decodeMessage, encodeMessage } from "../../src/contract/decode.ts";
import {
  buildRunEvent,
  eventTypes,
  phases,
  RunEvent,
  type EventKind,
  type Failure,
  type Phase,
  type RunEventData,
  type RunResult,
} from "../../src/contract/events.ts";
import type { RunOrder } from "../../src/contract/run.ts";
import { sealResult } from "../../src/sealing/result.ts";
import type { Backoff } from "./backoff.ts";
import { nameOutputs } from "./name-outputs.ts";

/** This replica doesn't hold the run any more: another one has written since. */
export class Fenced extends Error {
  constructor(runId: string) {
    super(`Cannot go on with run ${runId}: another replica has taken it over`);
    this.name = "Fenced";
  }
}

export interface ReporterOptions {
  readonly events: Journal;
  readonly order: RunOrder;
  /** This replica's name. */
  readonly agent: string;
  readonly now: () => Date;
  /** Takes secrets out of what is said. */
  readonly redactText: (text: string) => string;
  /** Calls again while the broker is away. */
  readonly backoff: Backoff;
}

export interface RunReporter {
  /** The phase that the last event says; undefined: no event yet. */
  readonly phase: Phase | undefined;
  /** Takes the run: `accepted` the first time, `adopted` when a replica before this one has begun it. */
  take(delivery: number): Promise<void>;
  /** Moves on to a phase; nothing happens when the run is there or further already. */
  enter(phase: "starting" | "running" | "collecting", details?: Pick<RunEventData, "commit">): Promise<void>;
  warn(warning: string): Promise<void>;
  /** The terminal event, with the sealed result. */
  end(result: RunResult): Promise<void>;
}

/** Reads where the run is, and goes on from there. Every method rejects with `Fenced` when it isn't ours any more. */
export async function openRunReporter({
  events,
  order,
  agent,
  now,
  redactText,
  backoff,
}: ReporterOptions): Promise<RunReporter> {
  const { runId, cluster, driver, guresid, type, action } = order;
  let last = await readLast();
  let warnings = 0;

  async function readLast(): Promise<{ sequence: number; phase: Phase | undefined }> {
    const entry = await backoff(() => events.last({ runId, cluster }), isTransient);
    if (entry === undefined) return { sequence: 0, phase: undefined };
    const event = decodeMessage(RunEvent, entry.data);
    if (!event.ok) throw new Error(`Cannot read the last event of run ${runId}: ${event.problem}`);
    return { sequence: entry.sequence, phase: event.value.data.phase };
  }

  async function append(
    kind: EventKind,
    id: string,
    details: Partial<RunEventData> & { phase: Phase },
  ): Promise<boolean> {
    const data: RunEventData = { runId, cluster, driver, guresid, type, action, ...details };
    const source = `/clusters/${cluster}/agents/${agent}`;
    const event = buildRunEvent(kind, data, {
      id: `${runId}.${id}`,
      source,
      time: now(),
      traceparent: order.traceparent,
    });
    const bytes = encodeMessage(event);
    const appended = await backoff(
      () => events.append({ runId, cluster }, bytes, { id: event.id, after: last.sequence }),
      isTransient,
    );
    if (appended.kind === "conflict") return false;
    last = { sequence: appended.sequence, phase: details.phase };
    return true;
  }

  async function appendOrStandDown(
    kind: EventKind,
    id: string,
    details: Partial<RunEventData> & { phase: Phase },
  ): Promise<void> {
    if (!(await append(kind, id, details))) throw new Fenced(runId);
  }

  return {
    get phase() {
      return last.phase;
    },
    async take(delivery) {
      if (last.phase !== undefined && last.phase !== "requested") {
        return appendOrStandDown("adopted", `adopted.${agent}.${delivery}`, { phase: last.phase, agent });
      }
      if (await append("accepted", "accepted", { phase: "accepted", agent })) return;
      // The front door's `requested` may have come between our look and our event.
      last = await readLast();
      if (last.phase !== "requested") throw new Fenced(runId);
      await appendOrStandDown("accepted", "accepted", { phase: "accepted", agent });
    },
    async enter(phase, details = {}) {
      if (last.phase !== undefined && phases.indexOf(phase) <= phases.indexOf(last.phase)) return;
      await appendOrStandDown(phase, phase, { phase, ...details });
    },
    async warn(warning) {
      await appendOrStandDown("warned", `warned.${agent}.${warnings++}`, {
        phase: last.phase ?? "accepted",
        warning: redactText(warning),
      });
    },
    async end(result) {
      const clean = redactResult(result, redactText);
      const sealed = await sealResult(clean, { ...order, type: eventTypes[clean.kind] });
      await appendOrStandDown(clean.kind, "end", { phase: clean.kind, sealed, ...describeResult(clean, redactText) });
    },
  };
}

function isTransient(error: unknown): boolean {
  return error instanceof BusUnavailable;
}

/** Outputs are the caller's own, and sealed; everything said about a failure is for everybody's eyes. */
function redactResult(result: RunResult, redactText: (text: string) => string): RunResult {
  if (result.kind === "succeeded") return result;
  const { reason, message, evidence } = result.failure;
  const clean: Failure = { reason, message: redactText(message) };
  if (evidence === undefined) return { kind: result.kind, failure: clean };
  const entries = Object.entries(evidence).map(
    ([key, value]) => [key, typeof value === "string" ? redactText(value) : value] as const,
  );
  return { kind: result.kind, failure: { ...clean, evidence: Object.fromEntries(entries) } };
}

/** What everybody may see of a result: failures whole, outputs by name. */
function describeResult(result: RunResult, redactText: (text: string) => string): Partial<RunEventData> {
  if (result.kind !== "succeeded") return { failure: result.failure };
  const outputs = nameOutputs(result.outputs, { redactText });
  return { outputs, ...(result.commit === undefined ? {} : { commit: result.commit }) };
}
