/** What reading a log needs to know of its pod; whoever watches pods provides it. */
import type { ReadAheadBudget } from "../../logs/read-ahead-budget.ts";
import type { LogAnswer, LogRequest } from "../api/cluster-api.ts";

export interface LogSource {
  /** The uid of the run's pod: marks of another one's log mean nothing here. */
  readonly podUid: string;
  /** `ClusterApi.openLog` for main in that pod. */
  openLog(request: Omit<LogRequest, "namespace" | "name" | "container" | "timestamps">): Promise<LogAnswer>;
  readonly container: MainContainer;
  /** How much of all logs may be read before somebody takes it. */
  readonly readAheadBudget: ReadAheadBudget;
  readonly now: () => Date;
  readonly random: () => number;
  /** Resolves after some milliseconds, or when the signal aborts. */
  readonly pause: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

/** Resolves at the next change of main's state, after some milliseconds, or when the signal aborts. */
export async function waitForChange(source: LogSource, milliseconds: number, signal: AbortSignal): Promise<void> {
  const turn = new AbortController();
  const either = AbortSignal.any([signal, turn.signal]);
  await Promise.race([source.container.changed(either), source.pause(milliseconds, either)]);
  turn.abort();
}

/** Main, as the pod's status shows it. */
export interface MainContainer {
  /** `never`: it has not started and never will, so it has no log. `gone`: there is no such pod any more. */
  readonly state: "waiting" | "running" | "ended" | "never" | "gone";
  /** When main started by its node's clock; undefined: it has not, or nobody knows. */
  readonly startedAt?: Date | undefined;
  /** Its pod is being deleted: its node removes what main has printed as soon as it has ended. */
  readonly isLeaving: boolean;
  /** Resolves at the next change of `state`, or when the signal aborts. */
  changed(signal: AbortSignal): Promise<void>;
}
