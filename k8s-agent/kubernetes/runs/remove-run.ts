/** Removes all that there is of a run. */
import type { V1Job, V1Pod } from "@kubernetes/client-node";
import { ApiRefusal, type ClusterApi } from "../api/cluster-api.ts";
import { haltReasons, isOver } from "../diagnosis/job-state.ts";
import type { WorkloadStore } from "../workloads/workload-store.ts";
import { createNotifier, until } from "./notifier.ts";
import { buildRef, getRef } from "./refs.ts";
import { getPodRef, isActive } from "./stop-run.ts";

export interface RemoveRunOptions {
  readonly api: ClusterApi;
  readonly store: WorkloadStore;
  /** Where its Secret is, if nothing in the cluster tells. */
  readonly namespaces: readonly string[];
  readonly signal: AbortSignal;
}

const controllerMilliseconds = 5000;
/** For the cluster's garbage collector. */
const goneMilliseconds = 30_000;

/** Resolves when the Job is gone, and no pod of it is left that isn't going. Rejects when that takes too long. */
export async function removeRun(runId: string, options: RemoveRunOptions): Promise<void> {
  const { api, store, signal } = options;
  const { notify, changed } = createNotifier();
  const unsubscribe = store.subscribe(runId, notify);
  const wait = (condition: () => boolean, milliseconds: number) =>
    until(condition, { changed, signal: AbortSignal.any([signal, AbortSignal.timeout(milliseconds)]) });
  const listActive = () => store.get(runId).pods.filter(isActive);
  try {
    const { job } = store.get(runId);
    const hasActive = listActive().length > 0;
    // First it must make no more pods.
    if (job !== undefined && hasActive && !isOver(job) && (await tryHalt(job, options)))
      await wait(() => isOver(store.get(runId).job) || store.get(runId).job === undefined, controllerMilliseconds);
    for (const ref of listSecrets(runId, options)) await api.deleteSecret(ref, signal);
    // Nobody waits for what they still have to say: also not where the cluster, or another replica, was as fast, and pods
    // are going with all their grace. Pods whose Job was taken away go by nobody else's hand.
    const isOrphaned = job === undefined;
    for (const pod of store.get(runId).pods.filter((one) => isActive(one) || (isOrphaned && isStaying(one))))
      await api.deletePod(getPodRef(pod), { graceSeconds: 0, signal });
    if (await wait(() => isRemoved(runId, store), goneMilliseconds)) return;
    signal.throwIfAborted();
    throw new Error(`Cannot remove run ${runId}: its Job is still there after ${goneMilliseconds / 1000} seconds`);
  } finally {
    unsubscribe();
  }
}

/** False: the API server forbids it. Another pod can't start all the same, as it needs the Secret, which goes first. */
async function tryHalt(job: V1Job, { api, signal }: RemoveRunOptions): Promise<boolean> {
  try {
    await api.haltJob({ ...getRef(job), why: haltReasons.stopped }, signal);
    return true;
  } catch (error) {
    if (!(error instanceof ApiRefusal)) throw error;
    return false;
  }
}

/** The Secret owns the Job. */
function listSecrets(runId: string, { store, namespaces }: RemoveRunOptions) {
  const { job, pods } = store.get(runId);
  const found = (job ?? pods[0])?.metadata?.namespace;
  return (found === undefined ? namespaces : [found]).map((namespace) => buildRef(runId, namespace));
}

/** What is left is going by itself. */
export function isRemoved(runId: string, store: WorkloadStore): boolean {
  const { job, pods } = store.get(runId);
  return job === undefined && !pods.some(isStaying);
}

function isStaying({ metadata }: V1Pod): boolean {
  return metadata?.deletionTimestamp === undefined;
}
