/** What callers are told of an ended run, and the note of it in the record: from then on, events may expire. */
import type { Outputs } from "../contract/outputs.ts";
import type { ResourceAddress } from "../contract/run.ts";
import type { RunState, Situation } from "./decide.ts";
import type { Loaded, Records, ResourceRecord } from "./record.ts";
import type { ResultOpener } from "./results.ts";

export interface Telling {
  /** The outputs of the run that has just ended, or those that are recorded. */
  findOutputs(address: ResourceAddress, situation: Situation, from: "run" | "record"): Promise<Outputs>;
  /** Notes that a caller was told how the run ended. Another request may have been faster: then it has noted the same. */
  note(address: ResourceAddress, situation: Situation, loaded: Loaded): Promise<void>;
}

export function createTelling(records: Records, results: ResultOpener): Telling {
  async function loadOutputs(address: ResourceAddress, { record }: Situation): Promise<Outputs> {
    const stored = await records.loadResult(address);
    if (stored === undefined)
      throw new Error(`Cannot answer for run ${record.run.runId}: its recorded result is missing`);
    const opened = await results.open({ address: stored, phase: "succeeded", sealed: stored.sealed });
    if (opened.ok && opened.value.kind === "succeeded") return opened.value.outputs;
    throw new Error(`Cannot answer for run ${stored.runId}: its recorded result can't be opened`);
  }

  return {
    async findOutputs(address, situation, from) {
      const { state } = situation;
      if (from === "run" && state.kind === "ended" && state.result.kind === "succeeded") return state.result.outputs;
      return loadOutputs(address, situation);
    },
    async note(address, { record, state }, loaded) {
      if (state.kind !== "ended" || record.run.told !== undefined) return;
      const { result, sealed } = state;
      if (
        result.kind === "succeeded" &&
        result.unchanged !== true &&
        sealed !== undefined &&
        record.run.action === "create"
      ) {
        // First the outputs, then the note that points to them: a crash in between leaves the end untold, not lost.
        await records.saveResult(address, { runId: record.run.runId, cluster: record.run.cluster, sealed });
      }
      await records.save(address, noteEnd(record, state), loaded.revision);
    },
  };
}

function noteEnd(
  record: ResourceRecord,
  { result, sealed = "" }: Extract<RunState, { kind: "ended" }>,
): ResourceRecord {
  if (result.kind !== "succeeded") return { ...record, run: { ...record.run, told: { kind: result.kind, sealed } } };
  const run = { ...record.run, told: { kind: "succeeded" as const } };
  if (result.unchanged === true) return { ...record, run };
  return { ...record, run, result: result.commit === undefined ? {} : { commit: result.commit } };
}
