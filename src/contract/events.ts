/**
 * The facts that agent and front door publish about a run: CloudEvents 1.0, structured JSON. Every event carries the
 * run's phase, so that the last message on a run's subject is its state.
 */
import * as v from "valibot";
import { Count } from "./count.ts";
import type { failureReasons } from "./errors.ts";
import { ShortText } from "./length.ts";
import { ClusterName, DriverName, GUResID, ResourceType, RunId } from "./names.ts";
import { Outputs } from "./outputs.ts";
import { Action } from "./run.ts";
import { Timestamp } from "./timestamp.ts";

/** The life of a run, in order; the last three are terminal and final. */
export const phases = [
  "requested",
  "accepted",
  "starting",
  "running",
  "collecting",
  "succeeded",
  "failed",
  "cancelled",
] as const;
export type Phase = (typeof phases)[number];
export const terminalPhases = ["succeeded", "failed", "cancelled"] as const;
export type TerminalPhase = (typeof terminalPhases)[number];

export function isTerminal(phase: string): phase is TerminalPhase {
  return (terminalPhases as readonly string[]).includes(phase);
}

/**
 * Lists in an event, whose writer may be anybody who has a cluster's credentials: what is longer than any agent makes it is
 * no event. An agent names outputs by 16 KiB at most; a failure has a handful of facts.
 */
const mostNames = 8192;
const mostFacts = 100;

/** Why a run failed or was cancelled, for people and programs. Free of secrets: redacted by the agent. */
export const Failure = v.object({
  /** One of `failureReasons`; a string, so that an older reader takes a newer reason. */
  reason: ShortText,
  /** A sentence for people. */
  message: v.string(),
  /** What it was concluded from: exit code, signal, limit, … */
  evidence: v.optional(
    v.pipe(
      v.record(v.string(), v.union([v.string(), v.number(), v.boolean()])),
      v.maxEntries(mostFacts, `must be ${mostFacts} facts at most`),
    ),
  ),
});
export type Failure = v.InferOutput<typeof Failure> & {
  readonly reason: (typeof failureReasons)[number] | (string & {});
};

/** What every event says of its run. */
const common = {
  runId: RunId,
  cluster: ClusterName,
  driver: DriverName,
  guresid: GUResID,
  type: ResourceType,
  action: Action,
};

const Names = v.pipe(v.array(v.string()), v.maxLength(mostNames, `must be ${mostNames} names at most`));

/** Names of what came out: values stay sealed. */
export const OutputNames = v.object({
  values: Names,
  secrets: Names,
  manifests: Count,
  /** How many names were left out, as an event has no room for more. */
  unlisted: v.optional(Count),
});

/** When setup ran, by the clock of its machine: whole seconds on Kubernetes. */
export const SetupTimes = v.object({ startedAt: Timestamp, endedAt: Timestamp });
export type SetupTimes = v.InferOutput<typeof SetupTimes>;

/** `data` of a run event. What only some phases have is optional; `eventTypes` says which type has what. */
export const RunEventData = v.object({
  ...common,
  phase: v.picklist(phases),
  /** warning: what happened, in a sentence. */
  warning: v.optional(v.string()),
  /** accepted, adopted: which replica holds the run. */
  agent: v.optional(ShortText),
  /**
   * The agent's events: which delivery of the request their writer works from. Of two that believe they hold a run the
   * later delivery does.
   */
  delivery: v.optional(Count),
  /** running: the commit that was checked out. */
  commit: v.optional(ShortText),
  /** running: left out where it isn't known. */
  setup: v.optional(SetupTimes),
  /** failed, cancelled. */
  failure: v.optional(Failure),
  /** succeeded: names only. */
  outputs: v.optional(OutputNames),
  /** terminal: the result under the run key, a compact JWE; see src/sealing. */
  sealed: v.optional(v.string()),
});
export type RunEventData = v.InferOutput<typeof RunEventData>;

/** CloudEvents' `type` by what happened. `warned` and `adopted` leave the phase as it is. */
export const eventTypes = {
  requested: "run.requested.v1",
  accepted: "run.accepted.v1",
  adopted: "run.adopted.v1",
  starting: "run.starting.v1",
  running: "run.running.v1",
  warned: "run.warned.v1",
  collecting: "run.collecting.v1",
  succeeded: "run.succeeded.v1",
  failed: "run.failed.v1",
  cancelled: "run.cancelled.v1",
} as const;
export type EventKind = keyof typeof eventTypes;

/** One event, as it stands on `cd.v1.events.<cluster>.<runId>`. */
export const RunEvent = v.object({
  specversion: v.literal("1.0"),
  /** Unique for the run: publishing the same event again has the same id. */
  id: ShortText,
  /** `/front-door` or `/clusters/<cluster>/agents/<replica>`. */
  source: ShortText,
  type: ShortText,
  /** The GUResID. */
  subject: ShortText,
  /** When it happened: whoever counts with it must not have to ask whether it is a time. */
  time: Timestamp,
  datacontenttype: v.optional(ShortText),
  traceparent: v.optional(ShortText),
  data: RunEventData,
});
export type RunEvent = v.InferOutput<typeof RunEvent>;

/** The sealed part of a terminal event: what the front door answers from, as the broker is not trusted. */
export const RunResult = v.variant("kind", [
  v.object({
    kind: v.literal("succeeded"),
    outputs: Outputs,
    /** The commit that was checked out, when the run had a source. */
    commit: v.optional(v.string()),
    /** `source.refresh`: the branch had not moved, so nothing was run and the outputs of before hold. */
    unchanged: v.optional(v.boolean()),
  }),
  v.object({ kind: v.literal("failed"), failure: Failure }),
  v.object({ kind: v.literal("cancelled"), failure: Failure }),
]);
export type RunResult = v.InferOutput<typeof RunResult>;

/** Builds an event. `id` and `time` come from the caller, as do clock and randomness everywhere. */
export function buildRunEvent(
  kind: EventKind,
  data: RunEventData,
  { id, source, time, traceparent }: { id: string; source: string; time: Date; traceparent?: string | undefined },
): RunEvent {
  return {
    specversion: "1.0",
    id,
    source,
    type: eventTypes[kind],
    subject: data.guresid,
    time: time.toISOString(),
    datacontenttype: "application/json",
    ...(traceparent === undefined ? {} : { traceparent }),
    data,
  };
}
