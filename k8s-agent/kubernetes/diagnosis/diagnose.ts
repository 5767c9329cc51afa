/**
 * What state a run is in, from what Kubernetes says of its Job and its pod. Pure: whoever calls it keeps the times at which
 * something was first seen, and comes back at `recheckAt`.
 */
import type { V1Pod } from "@kubernetes/client-node";
import { containers } from "../../job/names.ts";
import { findContainerTrouble } from "./containers.ts";
import { explainFinishedJob, explainSilence, findDeparture } from "./departure.ts";
import { fail } from "./fail.ts";
import { explainHelpers } from "./helpers.ts";
import { findJobCondition } from "./job-state.ts";
import { explainMain, findMainEnd } from "./main-end.ts";
import { findPendingTrouble } from "./pending.ts";
import { findStatus, readTime } from "./pod-parts.ts";
import { judgeTrouble, type Diagnosis, type Graces, type Sighting } from "./sighting.ts";
import { explainFailedCreate, findWarning } from "./warnings.ts";

export interface DiagnoseOptions {
  readonly graces: Graces;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export function diagnose(sighting: Sighting, options: DiagnoseOptions): Diagnosis {
  const { pod, podGone } = sighting;
  if (pod === undefined) return diagnoseJob(sighting, options);
  const end = findMainEnd(pod);
  if (end !== undefined) return { kind: "ended", cause: explainMain(sighting, pod, end), hasRun: true };
  const hasRun = findStatus(pod, containers.main)?.state?.running !== undefined;
  const departure = findDeparture(sighting);
  const helper = hasRun ? undefined : explainHelpers(pod);
  if (helper !== undefined) return { kind: "ended", cause: departure ?? helper, hasRun };
  if (podGone || isFinal(pod)) return { kind: "ended", cause: departure ?? explainFinal(pod), hasRun };
  if (pod.metadata?.deletionTimestamp !== undefined) return awaitDeparture(sighting, pod, options);
  if (hasRun) return { kind: "running" };
  const trouble = findContainerTrouble(sighting, options.graces) ?? findPendingTrouble(sighting, options.graces);
  return trouble === undefined ? { kind: "starting" } : judgeTrouble(trouble, options.now);
}

/** Kubernetes has no container of it any more, though none was seen to end. */
function isFinal(pod: V1Pod): boolean {
  const { phase } = pod.status ?? {};
  return phase === "Failed" || phase === "Succeeded";
}

function explainFinal({ metadata, status }: V1Pod) {
  const said = status?.message ?? status?.reason ?? `its phase is ${status?.phase}`;
  return fail("lost", `Cannot tell how the run ended: its pod says no more than ${said}`, { pod: metadata?.name });
}

/** It has its grace to end; then its kubelet should have said so. */
function awaitDeparture(sighting: Sighting, pod: V1Pod, { graces, now }: DiagnoseOptions): Diagnosis {
  const cause = findDeparture(sighting);
  // The node is gone, as Kubernetes has found: nobody will say how the pod ends.
  const hasRun = findStatus(pod, containers.main)?.state?.running !== undefined;
  if (cause?.kind === "node-lost") return { kind: "ended", cause, hasRun };
  const recheckAt = (readTime(pod.metadata?.deletionTimestamp) ?? now) + graces.departureSeconds * 1000;
  if (now >= recheckAt) return { kind: "ended", cause: explainSilence(sighting), hasRun };
  return { kind: hasRun ? "running" : "starting", recheckAt };
}

/** There is no pod, and there never was one that we saw. */
function diagnoseJob(sighting: Sighting, { graces, now }: DiagnoseOptions): Diagnosis {
  const { job, jobGone, warnings } = sighting;
  if (job === undefined || jobGone)
    return {
      kind: "ended",
      cause: fail("pod-deleted", "Cannot finish the run: somebody deleted its Job"),
      hasRun: false,
    };
  const finished = explainFinishedJob(sighting);
  if (finished !== undefined) return { kind: "ended", cause: finished, hasRun: false };
  // A queue of the cluster's own holds it.
  if (findJobCondition(job, ["Suspended"]) !== undefined) return { kind: "starting" };
  const warning = findWarning(warnings, { about: job, reasons: ["FailedCreate"] });
  const refusal = warning === undefined ? undefined : explainFailedCreate(warning);
  if (refusal !== undefined && refusal.kind !== "no-pod") return { kind: "ended", cause: refusal, hasRun: false };
  // Its pod is on its way to us.
  if ((job.status?.active ?? 0) > 0) return { kind: "starting" };
  const since = readTime(job.metadata?.creationTimestamp) ?? now;
  const { noPodSeconds: seconds } = graces;
  const message = `Cannot start the run: its Job has made no pod within ${seconds} seconds, and nothing says why`;
  return judgeTrouble({ cause: refusal ?? fail("no-pod", message, { limit: seconds }), since, seconds }, now);
}
