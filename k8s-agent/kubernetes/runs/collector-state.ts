/** Where the collector is, and what its loss means. */
import { containers, labels } from "../../job/names.ts";
import type { EndCause } from "../../launch/launcher.ts";
import { fail } from "../diagnosis/fail.ts";
import { explainHelper } from "../diagnosis/helpers.ts";
import { findMainEnd } from "../diagnosis/main-end.ts";
import { findStatus } from "../diagnosis/pod-parts.ts";
import type { Sighting } from "../diagnosis/sighting.ts";

export function hasCollectorStarted({ pod }: Sighting): boolean {
  const { running, terminated } = findStatus(pod, containers.collector)?.state ?? {};
  return running !== undefined || terminated !== undefined;
}

/** While main runs the kubelet starts it again. */
export function hasCollectorEnded({ pod, podGone }: Sighting): boolean {
  if (pod === undefined || podGone) return true;
  const phase = pod.status?.phase;
  if (phase === "Failed" || phase === "Succeeded") return true;
  return findMainEnd(pod) !== undefined && findStatus(pod, containers.collector)?.state?.running === undefined;
}

/** Main has done its work, and nobody can read what it left: that is no fault of its own. */
export function blameCollector(cause: EndCause, { pod, job }: Sighting, { hasRun }: { hasRun: boolean }): EndCause {
  const isSuccess = cause.kind === "exited" && cause.exitCode === 0;
  if (!isSuccess || !hasRun || pod === undefined || job?.metadata?.labels?.[labels.action] === "destroy") return cause;
  const { state, lastState } = findStatus(pod, containers.collector) ?? {};
  const ended = [state?.terminated, lastState?.terminated].find((each) => each !== undefined && each.exitCode !== 0);
  if (ended !== undefined) return explainHelper(pod, containers.collector, ended);
  const container = containers.collector;
  return fail("helper-failed", `Cannot read the outputs: container ${container} has not said what they are`, {
    container,
  });
}
