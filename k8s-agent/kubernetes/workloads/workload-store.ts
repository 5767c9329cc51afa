/**
 * What is in the cluster of this agent's runs, kept up to date by shared watches: one on Jobs, one on pods, one on warnings
 * (Events of type Warning), each over every namespace that runs may go to. Nobody asks the API server for a single object.
 */
import type { CoreV1Event, V1Job, V1Pod } from "@kubernetes/client-node";

export interface WorkloadStore {
  /** Resolves when everything was listed once; rejects with the signal's reason, and once the store is closed. */
  ready(signal: AbortSignal): Promise<void>;
  /** Whether nothing was refused when it was last to be listed: false until all was listed once. */
  isCurrent(): boolean;
  /** What there is of a run now; empty when there is nothing. */
  get(runId: string): Workload;
  /** The run ids of all Jobs that are there, and of pods whose Job isn't. */
  list(): readonly string[];
  /** Calls at every change of anything of the run, one after the other, with what there is then. Returns how to end it. */
  subscribe(runId: string, listener: (workload: Workload) => void): () => void;
  close(): void;
}

/** Objects are cut to what the agent reads (decode.ts): a Job's template is empty, variables, volumes and others' annotations are not kept. */
export interface Workload {
  readonly job: V1Job | undefined;
  /** All that carry the run's labels, oldest first; more than one where somebody meddled. Pods that are gone are not among them. */
  readonly pods: readonly V1Pod[];
  /** Warnings about the Job and its pods, oldest first, at most the last 50. */
  readonly warnings: readonly CoreV1Event[];
}
