/** What a Job says of itself. It is a second behind its pod; only where there is no pod, its word is taken. */
import type { V1Job, V1JobCondition } from "@kubernetes/client-node";
import { annotations } from "../../job/names.ts";
import { readTime } from "./pod-parts.ts";

/** What `haltJob` sets: no run's own deadline is that short. */
const haltSeconds = 1;

/** Some agent has ended its time. */
export function isHalted(job: V1Job | undefined): boolean {
  return job?.spec?.activeDeadlineSeconds === haltSeconds;
}

/** Why an agent has halted a Job, in an annotation of it: one that was to stop its run, or one that found the run's pod gone. */
export const haltReasons = {
  stopped: "its run was stopped",
  spent: "its run's pod is the only one that it may have",
} as const;

/** Some agent was told to stop the run. */
export function isStopped(job: V1Job | undefined): boolean {
  return isHalted(job) && job?.metadata?.annotations?.[annotations.halted] === haltReasons.stopped;
}

/** It makes no pod any more. `FailureTarget` comes first, where pods are still ending. */
export function isOver(job: V1Job | undefined): boolean {
  return findJobCondition(job, ["Complete", "SuccessCriteriaMet", "Failed", "FailureTarget"]) !== undefined;
}

export function findJobCondition(job: V1Job | undefined, types: readonly string[]): V1JobCondition | undefined {
  return job?.status?.conditions?.find(({ type, status }) => types.includes(type) && status === "True");
}

/** Its own deadline was over at that time: its controller may have acted a moment before it says so. */
export function isPastDeadline(job: V1Job | undefined, time: number): boolean {
  if (isHalted(job)) return false;
  if (findJobCondition(job, ["Failed", "FailureTarget"])?.reason === "DeadlineExceeded") return true;
  const start = readTime(job?.status?.startTime);
  const seconds = job?.spec?.activeDeadlineSeconds;
  // Times are whole seconds.
  return start !== undefined && seconds !== undefined && time >= start + (seconds - 1) * 1000;
}
