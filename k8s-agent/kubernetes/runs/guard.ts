/**
 * What can't wait for anybody's decision. A Job controller makes a new pod for one that was deleted, older ones at once and
 * even with no retries left: main would run a second time.
 */
import type { V1Pod } from "@kubernetes/client-node";
import type { Logger } from "../../../src/log.ts";
import { containers } from "../../job/names.ts";
import type { ClusterApi } from "../api/cluster-api.ts";
import { haltReasons, isHalted, isOver, isPastDeadline } from "../diagnosis/job-state.ts";
import { findMainEnd } from "../diagnosis/main-end.ts";
import { readDeletionRequest } from "../diagnosis/pod-parts.ts";
import type { Sighting } from "../diagnosis/sighting.ts";
import { getRef } from "./refs.ts";

export interface Guard {
  /** Halts the Job where it must make no more pods, and removes pods that aren't the run's; returns warnings about these. */
  watchOver(sighting: Sighting, intruders: readonly V1Pod[]): string[];
  /** The run has ended: makes sure that nothing of it can start any more. Rejects when the API server doesn't let us. */
  settle(sighting: Sighting): Promise<void>;
}

export interface GuardOptions {
  readonly api: Pick<ClusterApi, "haltJob" | "deletePod">;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

export function createGuard({ api, logger, signal }: GuardOptions): Guard {
  const removed = new Set<string>();
  let halting: Promise<void> | undefined;

  function halt({ job }: Sighting): Promise<void> {
    if (job === undefined || isHalted(job) || isOver(job)) return Promise.resolve();
    halting ??= api.haltJob({ ...getRef(job), why: haltReasons.spent }, signal).catch((error: unknown) => {
      halting = undefined;
      throw error;
    });
    return halting;
  }

  function attempt(what: string, action: Promise<void>): void {
    action.catch((error: unknown) => {
      if (!signal.aborted) logger.error({ err: error }, what);
    });
  }

  return {
    watchOver(sighting, intruders) {
      if (needsHalt(sighting)) attempt("Could not halt a run's Job", halt(sighting));
      return intruders.flatMap((pod) => {
        const { uid = "", name = "" } = pod.metadata ?? {};
        if (removed.has(uid)) return [];
        removed.add(uid);
        const ref = { ...getRef(pod), uid };
        attempt("Could not remove a pod that isn't the run's", api.deletePod(ref, { graceSeconds: 0, signal }));
        return [`A second pod of this run's Job, ${name}, was removed: its log and its outputs are not the run's`];
      });
    },
    async settle(sighting) {
      const { pod, jobGone, podGone } = sighting;
      const isFinal =
        pod !== undefined && (podGone || findMainEnd(pod) !== undefined || pod.status?.phase === "Failed");
      if (!isFinal && !jobGone) await halt(sighting);
    },
  };
}

function needsHalt({ pod, podGone, job, jobGone }: Sighting): boolean {
  if (jobGone || job?.metadata?.deletionTimestamp !== undefined || pod === undefined) return false;
  // Its controller has ended the pod, and will say so.
  const requested = readDeletionRequest(pod);
  if (requested !== undefined && isPastDeadline(job, requested)) return false;
  const isGoing = podGone || pod.metadata?.deletionTimestamp !== undefined;
  return isGoing || (findMainEnd(pod) !== undefined && hasOthersRunning(pod));
}

/** Containers of a template that aren't sidecars by Kubernetes' rules would keep the pod, and its collector, for ever. */
function hasOthersRunning({ status }: V1Pod): boolean {
  return (status?.containerStatuses ?? []).some(({ name, state }) => name !== containers.main && state?.running);
}
