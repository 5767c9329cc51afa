/** The last server-sent event of a run's events and log (`event: end`): a client that reads it need not connect again. */
import * as v from "valibot";
import { RunStatus } from "./run-summary.ts";

export const StreamEnd = v.object({
  /** The run's status; left out where nothing is kept that tells it. */
  status: v.optional(RunStatus),
  /** False: the run has ended, but not all of its events or of its log was there to be read. */
  complete: v.boolean(),
});
export type StreamEnd = v.InferOutput<typeof StreamEnd>;
