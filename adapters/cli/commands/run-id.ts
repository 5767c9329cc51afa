/** A run's id as it was given, for a path. */
import * as v from "valibot";
import { RunId } from "../../../src/contract/names.ts";
import { Stop } from "../exit-codes.ts";

/** The id; throws `Stop` for what can't be one. Capitals, as some tools show ULIDs, are the same. */
export function checkRunId(text: string): string {
  const id = v.safeParse(RunId, text.toLowerCase());
  if (id.success) return id.output;
  throw new Stop("usage", `${JSON.stringify(text)} is no run's id; container-driver runs lists them`);
}
