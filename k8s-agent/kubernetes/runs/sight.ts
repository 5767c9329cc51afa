/** From what there is of a run now, and what was seen of it before, to what is known of it. */
import type { V1Pod } from "@kubernetes/client-node";
import { isPullFailing } from "../diagnosis/containers.ts";
import { isStopped } from "../diagnosis/job-state.ts";
import type { Sighting } from "../diagnosis/sighting.ts";
import type { Workload } from "../workloads/workload-store.ts";

export const nothingSeen: Sighting = {
  job: undefined,
  jobGone: false,
  pod: undefined,
  podGone: false,
  warnings: [],
  stopped: false,
  killed: false,
  pullFailingSince: undefined,
};

/** `now`: milliseconds since 1970. */
export function sight(before: Sighting, { job, pods, warnings }: Workload, now: number): Sighting {
  const pod = findOwnPod(before.pod, pods);
  const failing = pod !== undefined && isPullFailing(pod);
  return {
    ...before,
    // Another replica's doing as well: who asked it to is heard by whoever holds the run.
    stopped: before.stopped || isStopped(job),
    job: job ?? before.job,
    jobGone: before.job !== undefined && job === undefined,
    pod: pod ?? before.pod,
    podGone: before.pod !== undefined && pod === undefined,
    warnings,
    // Its two states alternate, and others may come in between.
    pullFailingSince: failing ? (before.pullFailingSince ?? now) : before.pullFailingSince,
  };
}

/** The run's own pod is the Job's first; once it was seen no other one takes its place. */
function findOwnPod(own: V1Pod | undefined, pods: readonly V1Pod[]): V1Pod | undefined {
  return own === undefined ? pods[0] : pods.find((pod) => pod.metadata?.uid === own.metadata?.uid);
}

/** Pods that pass for the run's, made by hand or by a Job controller that takes the first for lost. */
export function listIntruders({ pod }: Sighting, { pods }: Workload): V1Pod[] {
  return pods.filter(
    ({ metadata }) => metadata?.uid !== pod?.metadata?.uid && metadata?.deletionTimestamp === undefined,
  );
}
