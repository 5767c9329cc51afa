/** A pod that went without its own end: evicted, deleted, or lost with its node. */
import type { V1Pod } from "@kubernetes/client-node";
import type { EndCause } from "../../launch/launcher.ts";
import { fail } from "./fail.ts";
import { findJobCondition, isHalted, isPastDeadline } from "./job-state.ts";
import { findCondition, readDeletionRequest } from "./pod-parts.ts";
import type { Sighting } from "./sighting.ts";

/** `reason` of a pod's status, or of its condition DisruptionTarget. */
const evictions = [
  "Evicted",
  "Preempting",
  "NodeShutdown",
  "Terminated",
  "EvictionByEvictionAPI",
  "PreemptionByScheduler",
  "PreemptionByKubeScheduler",
  "TerminationByKubelet",
];
const nodeLosses = ["NodeLost", "DeletionByTaintManager", "DeletionByPodGC"];
/** The kubelet has refused it: the scheduler knew less than the node. */
const misplacements = /^(OutOf\w+|NodeAffinity|NodePorts|UnexpectedAdmissionError|Topology\w+)$/;

/** Why the pod went, or has to go. Undefined: nobody wants it gone, but itself. */
export function findDeparture(sighting: Sighting): EndCause | undefined {
  const { pod, podGone, job, jobGone, stopped, killed } = sighting;
  const told = pod === undefined ? undefined : explainStatus(pod);
  if (told !== undefined) return told;
  const requested = readDeletionRequest(pod);
  if (requested === undefined && !podGone) return undefined;
  const event = quoteJob(sighting);
  if (killed) return { kind: "signalled", signal: "SIGKILL" };
  if (stopped)
    return fail("lost", "Cannot tell how the container ended: it was stopped, and its pod is gone", { event });
  if (requested !== undefined && isPastDeadline(job, requested)) return explainDeadline(sighting);
  const evidence = { pod: pod?.metadata?.name, event };
  if (jobGone || job?.metadata?.deletionTimestamp !== undefined)
    return fail("pod-deleted", "Cannot finish the run: somebody deleted its Job", evidence);
  return fail("pod-deleted", "Cannot finish the run: somebody deleted its pod", evidence);
}

/** Kubernetes' own word for it, in the pod's status. */
function explainStatus(pod: V1Pod): EndCause | undefined {
  const target = findCondition(pod, "DisruptionTarget");
  const disrupted = target?.status === "True" ? target : undefined;
  const reason = pod.status?.reason ?? disrupted?.reason;
  if (reason === undefined) return undefined;
  const said = (pod.status?.message ?? disrupted?.message ?? reason).trim();
  const evidence = { reason, pod: pod.metadata?.name, node: pod.spec?.nodeName };
  if (evictions.includes(reason))
    return fail("evicted", `Cannot finish the run: its pod was evicted: ${said}`, evidence);
  if (nodeLosses.includes(reason))
    return fail("node-lost", `Cannot finish the run: its node is lost: ${said}`, evidence);
  if (misplacements.test(reason))
    return fail("unschedulable", `Cannot start the run's pod: its node refused it: ${said}`, evidence);
  return undefined;
}

function explainDeadline({ job, pod }: Sighting): EndCause {
  const limit = job?.spec?.activeDeadlineSeconds;
  const message = `Cannot finish the run: its Job's own deadline of ${limit ?? "unknown"} seconds was over`;
  return fail("deadline", message, { limit, pod: pod?.metadata?.name });
}

/** The pod was told to go long ago, and nobody says that it has: the kubelet that would is gone. */
export function explainSilence({ pod }: Sighting): EndCause {
  const node = pod?.spec?.nodeName;
  const message = `Cannot tell how the run ended: its pod was to end, and node ${node ?? "unknown"} does not say that it has`;
  return fail("node-lost", message, { node, pod: pod?.metadata?.name });
}

/** There is no pod, and the Job says that it is over. */
export function explainFinishedJob(sighting: Sighting): EndCause | undefined {
  const { job, stopped } = sighting;
  if (findJobCondition(job, ["Complete"]) !== undefined) return { kind: "exited", exitCode: 0 };
  const failed = findJobCondition(job, ["Failed"]);
  if (failed === undefined) return undefined;
  const event = quoteJob(sighting);
  if (stopped)
    return fail("lost", "Cannot tell how the container ended: it was stopped, and its pod is gone", { event });
  if (isHalted(job)) return fail("pod-deleted", "Cannot finish the run: somebody deleted its pod", { event });
  if (failed.reason === "DeadlineExceeded") return explainDeadline(sighting);
  return fail("lost", `Cannot tell how the run ended: its pod is gone, and its Job says no more than ${event}`, {
    event,
  });
}

function quoteJob({ job }: Sighting): string | undefined {
  const failed = findJobCondition(job, ["Failed", "FailureTarget"]);
  return failed === undefined ? undefined : `${failed.reason ?? "Failed"}: ${failed.message ?? ""}`.trim();
}
