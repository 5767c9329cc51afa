/** `GET /runs/<id>`: one run, put together from its events. */
import * as v from "valibot";
import { Failure, OutputNames, SetupTimes } from "../events.ts";
import { RunStatus, RunSummary } from "./run-summary.ts";

/** Times are ISO 8601. */
export const RunDetails = v.object({
  ...RunSummary.entries,
  /** The phases that the run has gone through, in order; the last one is its status. */
  phases: v.array(
    v.object({
      phase: RunStatus,
      startedAt: v.string(),
      /** How long it lasted; left out for the one that the run is in, and for its end. */
      milliseconds: v.optional(v.number()),
    }),
  ),
  /** The replica that has, or had, the run. */
  agent: v.optional(v.string()),
  /** True while nobody has taken the run and its cluster has no agent. */
  waiting: v.boolean(),
  /** The commit that was checked out. */
  commit: v.optional(v.string()),
  /**
   * When setup ran, by its node's clock, in whole seconds: what of `starting` lies before it was the search for a node and
   * the pull of the helpers' image, what lies behind it the pull of main's image. Left out before main runs, and by the
   * local launcher.
   */
  setup: v.optional(SetupTimes),
  /** failed, cancelled: why. */
  failure: v.optional(Failure),
  /** succeeded: names of what came out, never values. */
  outputs: v.optional(OutputNames),
  warnings: v.array(v.object({ time: v.string(), message: v.string() })),
  /** How many more warnings there were; left out where all are listed. */
  unlistedWarnings: v.optional(v.number()),
});
export type RunDetails = v.InferOutput<typeof RunDetails>;
