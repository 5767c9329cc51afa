/** What the one who asks may see. */
import type { RunAddress } from "../contract/names.ts";

export interface Viewer {
  /** The clusters that there are for this one, by name. */
  readonly clusters: readonly string[];
  /** Whether the runs of a driver are among what may be seen. */
  seesDriver(driver: string): boolean;
}

/** Whether a run may be seen. */
export function sees({ clusters, seesDriver }: Viewer, run: Pick<RunAddress, "cluster"> & { driver: string }): boolean {
  return clusters.includes(run.cluster) && seesDriver(run.driver);
}
