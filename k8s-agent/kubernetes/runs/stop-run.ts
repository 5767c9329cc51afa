/**
 * Ends a run by its Job's deadline, so that its controller makes no other pod, ever. The pod then has its own grace; where
 * less is wanted it is deleted once more with less, and where a kubelet doesn't take that (older ones keep to the first
 * word), it is killed when the time is over.
 */
import type { V1Pod } from "@kubernetes/client-node";
import { containers } from "../../job/names.ts";
import { pause } from "../../../src/bus/pause.ts";
import type { ClusterApi } from "../api/cluster-api.ts";
import { haltReasons, isHalted, isOver } from "../diagnosis/job-state.ts";
import { findMainEnd } from "../diagnosis/main-end.ts";
import { findStatus } from "../diagnosis/pod-parts.ts";
import type { Workload, WorkloadStore } from "../workloads/workload-store.ts";
import { createNotifier, until } from "./notifier.ts";
import { getRef } from "./refs.ts";

export interface StopRunOptions {
  readonly api: ClusterApi;
  readonly store: WorkloadStore;
  readonly graceSeconds: number;
  /** Called before a pod is removed while main may still run. */
  readonly onKill: () => void;
  readonly signal: AbortSignal;
}

/** For the Job's controller to act, and then for the kubelet to keep to a shorter grace. */
const controllerMilliseconds = 5000;
const kubeletMilliseconds = 5000;

/** Resolves when the end is under way. */
export async function haltRun({ job, pods }: Workload, { api, graceSeconds, signal }: StopRunOptions): Promise<void> {
  if (job !== undefined) {
    if (!isHalted(job) && !isOver(job)) await api.haltJob({ ...getRef(job), why: haltReasons.stopped }, signal);
    return;
  }
  // Orphans: no controller would end them, and none would replace them.
  for (const pod of pods.filter(isActive)) await api.deletePod(getPodRef(pod), { graceSeconds, signal });
}

/** Sees to it that the pods of a halted run end within their grace. Resolves when they have, or the signal aborts. */
export async function hurryRun(runId: string, options: StopRunOptions): Promise<void> {
  const { api, store, graceSeconds, onKill, signal } = options;
  const listActive = () => store.get(runId).pods.filter(isActive);
  const { notify, changed } = createNotifier();
  const unsubscribe = store.subscribe(runId, notify);
  const isDone = () => listActive().length === 0;
  const mayDelete = () => isDone() || isOver(store.get(runId).job) || listActive().every(isGoing);
  try {
    await until(mayDelete, { changed, signal: AbortSignal.any([signal, AbortSignal.timeout(controllerMilliseconds)]) });
    const slow = listActive().filter((pod) => getGrace(pod) > graceSeconds);
    for (const pod of slow) await api.deletePod(getPodRef(pod), { graceSeconds, signal });
    const end = new AbortController();
    const either = AbortSignal.any([signal, end.signal]);
    const patience = pause(graceSeconds * 1000 + kubeletMilliseconds, either);
    await Promise.race([until(isDone, { changed, signal: either }), patience]);
    end.abort();
    if (signal.aborted) return;
    const stubborn = listActive().filter((pod) => slow.some(({ metadata }) => metadata?.uid === pod.metadata?.uid));
    if (stubborn.length > 0) onKill();
    for (const pod of stubborn) await api.deletePod(getPodRef(pod), { graceSeconds: 0, signal });
  } finally {
    unsubscribe();
  }
}

/** Main runs, or may still start. */
export function isActive(pod: V1Pod): boolean {
  const phase = pod.status?.phase;
  return findMainEnd(pod) === undefined && phase !== "Failed" && phase !== "Succeeded";
}

/** What a node says of a main that it may be starting just now; any other reason is trouble with it. */
const startingReasons = ["PodInitializing", "ContainerCreating"];

/** Main runs, or may have begun to without its node having said so yet. */
export function mayHaveMain(pod: V1Pod): boolean {
  const { waiting } = findStatus(pod, containers.main)?.state ?? {};
  const isInTrouble = waiting?.reason !== undefined && !startingReasons.includes(waiting.reason);
  return isActive(pod) && pod.spec?.nodeName !== undefined && !isInTrouble;
}

function isGoing({ metadata }: V1Pod): boolean {
  return metadata?.deletionTimestamp !== undefined;
}

function getGrace({ spec, metadata }: V1Pod): number {
  return metadata?.deletionGracePeriodSeconds ?? spec?.terminationGracePeriodSeconds ?? 30;
}

export function getPodRef(pod: V1Pod) {
  return { ...getRef(pod), uid: pod.metadata?.uid ?? "" };
}
