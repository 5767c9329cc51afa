/** `GET /runs`: what there is, newest first. */
import * as v from "valibot";
import { phases } from "../events.ts";
import { ClusterName, DriverName, GUResID, ResourceType, RunId } from "../names.ts";
import { Action } from "../run.ts";

/** A run's status: the phase of its last event. */
export const RunStatus = v.picklist(phases);
export type RunStatus = v.InferOutput<typeof RunStatus>;

/** A run in a list. Times are ISO 8601. */
export const RunSummary = v.object({
  /** The run's id, as in `/runs/<id>`. */
  id: RunId,
  status: RunStatus,
  cluster: ClusterName,
  driver: DriverName,
  guresid: GUResID,
  type: ResourceType,
  action: Action,
  requestedAt: v.string(),
  /** succeeded, failed, cancelled: when. */
  endedAt: v.optional(v.string()),
  /** failed, cancelled: one of `failureReasons`, or a newer one. */
  reason: v.optional(v.string()),
});
export type RunSummary = v.InferOutput<typeof RunSummary>;

export const RunList = v.object({
  runs: v.array(RunSummary),
  /**
   * What to give as `cursor` for older ones; left out where there are none. A page may hold few runs, or none, and have
   * a next one: only so much is looked through for each.
   */
  next: v.optional(v.string()),
  /** Clusters whose runs could not be read just now; left out where there are none. */
  unreachable: v.optional(v.array(ClusterName)),
  /**
   * Clusters of which this page has nothing, as none of what was looked through there was a run that is looked for. `next`
   * goes on there, too, and may bring runs of theirs that are newer than these. Left out where there are none.
   */
  behind: v.optional(v.array(ClusterName)),
});
export type RunList = v.InferOutput<typeof RunList>;

/** How many runs a page of `GET /runs` has. */
export const runListLimits = { default: 50, most: 200 } as const;
