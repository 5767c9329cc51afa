import type { WorkloadStore } from "../workloads/workload-store.ts";
import { isRemoved } from "./remove-run.ts";

/** Calls once, when nothing of the run is there any more, whoever has removed it; at once if there is nothing now. */
export function whenGone(runId: string, store: WorkloadStore, action: () => void): void {
  const look = () => {
    if (!isRemoved(runId, store)) return;
    unsubscribe();
    action();
  };
  const unsubscribe = store.subscribe(runId, look);
  look();
}
