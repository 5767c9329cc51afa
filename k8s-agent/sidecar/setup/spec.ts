/** What setup is told: a file of the run's Secret, and nothing else. It holds every secret of the run but its key. */
import * as v from "valibot";
import { ContainerInputs } from "../../../src/contract/container/inputs.ts";

export const SetupSpec = v.object({
  inputs: ContainerInputs,
  order: v.object({ unlessCommit: v.optional(v.string()) }),
});
export type SetupSpec = v.InferOutput<typeof SetupSpec>;
