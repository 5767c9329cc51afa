/**
 * What a request means, given the resource's record and the state of its last run. Pure: the driver API's rules as a
 * table, apart from the writing and waiting that follow from them.
 */
import type { Failure, RunResult } from "../contract/events.ts";
import type { ResourceRecord } from "./record.ts";

/** What the run's events say. */
export type RunState =
  /** No event: whoever placed the run may have died half-way. */
  | { readonly kind: "unplaced" }
  /** Not ended yet. */
  | { readonly kind: "live"; readonly phase: string; readonly sequence: number }
  /** `sealed` as it stands in the terminal event; undefined when that is forged or damaged. */
  | { readonly kind: "ended"; readonly result: RunResult; readonly sealed: string | undefined };

export type Decision =
  /** Start a new run, if the record is still as it was read. */
  | { readonly kind: "place"; readonly update: boolean; readonly unlessCommit?: string }
  /** 202: the run that was asked for is under way. */
  | { readonly kind: "progress" }
  /** 409: another one is under way. */
  | { readonly kind: "busy" }
  /** 200, from the run that has just ended or from the recorded result. */
  | { readonly kind: "outputs"; readonly from: "run" | "record" }
  /** 400 */
  | { readonly kind: "failure"; readonly failure: Failure }
  /** 204 */
  | { readonly kind: "gone" }
  /** 404 */
  | { readonly kind: "unknown" };

/** All but a new run. */
export type Settled = Exclude<Decision, { kind: "place" }>;

export interface Situation {
  readonly record: ResourceRecord;
  readonly state: RunState;
  /** The run that this very request has placed or seen alive: its end is told to it, though others were told before. */
  readonly observed?: string | undefined;
}

/** `PUT`: the same body again, or a changed one? */
export function decidePut(situation: Situation | undefined, wanted: { same: boolean; refresh: boolean }): Decision {
  if (situation === undefined) return { kind: "place", update: false };
  const { record, state } = situation;
  const { run, result } = record;
  const update = result !== undefined || (run.action === "create" && succeeded(state));
  if (state.kind !== "ended") return run.action === "create" && wanted.same ? { kind: "progress" } : { kind: "busy" };
  if (run.action === "destroy") return { kind: "place", update: update && !succeeded(state) };
  if (!wanted.same) return { kind: "place", update };
  if (state.result.kind !== "succeeded") {
    return isNews(situation) ? { kind: "failure", failure: state.result.failure } : { kind: "place", update };
  }
  if (isNews(situation)) return { kind: "outputs", from: findOutputs(situation, state.result) };
  if (wanted.refresh && result?.commit !== undefined) return { kind: "place", update, unlessCommit: result.commit };
  return { kind: "outputs", from: "record" };
}

/** `DELETE`: it has no body, so only what is recorded counts. */
export function decideDelete(situation: Situation | undefined): Decision {
  if (situation === undefined) return { kind: "gone" };
  const { record, state } = situation;
  if (state.kind !== "ended") return { kind: record.run.action === "destroy" ? "progress" : "busy" };
  if (record.run.action === "create") return { kind: "place", update: false };
  if (state.result.kind === "succeeded") return { kind: "gone" };
  return isNews(situation) ? { kind: "failure", failure: state.result.failure } : { kind: "place", update: false };
}

/** `GET`: reports, changes nothing. */
export function decideGet(situation: Situation | undefined): Settled {
  if (situation === undefined) return { kind: "unknown" };
  const { record, state } = situation;
  if (state.kind !== "ended") return { kind: "progress" };
  if (state.result.kind !== "succeeded") return { kind: "failure", failure: state.result.failure };
  if (record.run.action === "destroy") return { kind: "unknown" };
  return { kind: "outputs", from: findOutputs(situation, state.result) };
}

/** Whether the end of the run is news to the caller: a failure is told once, then the same request tries again. */
function isNews({ record, observed }: Situation): boolean {
  return record.run.told === undefined || record.run.runId === observed;
}

/** Whether nobody has taken the run yet. */
export function isRequested({ state }: Pick<Situation, "state">): boolean {
  return state.kind === "unplaced" || (state.kind === "live" && state.phase === "requested");
}

function succeeded(state: RunState): boolean {
  return state.kind === "ended" && state.result.kind === "succeeded";
}

/** Once a caller was told, the record has the outputs; so it does when the run found that nothing had changed. */
function findOutputs({ record }: Situation, result: RunResult & { kind: "succeeded" }): "run" | "record" {
  return record.run.told === undefined && result.unchanged !== true ? "run" : "record";
}
