/** What callers are told of an ended run, and the note of it in the record: from then on, events may expire. */
import type { Outputs } from "../contract/outputs.ts";
import type { ResourceAddress } from "../contract/run.ts";
import { readResultSecret } from "../sealing/result.ts";
import type { RunState } from "./decide.ts";
import type { Looked } from "./look.ts";
import type { Loaded, Records, ResourceRecord } from "./record.ts";
import type { ResultOpener } from "./results.ts";

export interface Telling {
  /**
   * The outputs of the run that has just ended, or those that are recorded. Undefined when the record has changed
   * meanwhile: the resource was destroyed, or is another one now.
   */
  findOutputs(address: ResourceAddress, looked: Looked, from: "run" | "record"): Promise<Outputs | undefined>;
  /**
   * Notes that a caller was told how the run ended, and says whether it is the first one. Another request may have been
   * faster: then it has noted the same.
   */
  note(address: ResourceAddress, looked: Looked): Promise<boolean>;
}

type Ended = Extract<RunState, { kind: "ended" }>;

export function createTelling(records: Records, results: ResultOpener): Telling {
  async function isOutdated(address: ResourceAddress, { revision }: Loaded): Promise<boolean> {
    return (await records.load(address)).revision !== revision;
  }

  async function loadOutputs(address: ResourceAddress, { loaded, situation }: Looked): Promise<Outputs | undefined> {
    const { result } = await records.loadResult(address);
    if (result === undefined) {
      if (await isOutdated(address, loaded)) return undefined;
      throw new Error(`Cannot answer for run ${situation.record.run.runId}: its recorded result is missing`);
    }
    // We have recorded it: what it names is our own word.
    results.requireSecret(readResultSecret(result.sealed));
    const opened = await results.open({ address: result, phase: "succeeded", sealed: result.sealed });
    if (opened.ok && opened.value.kind === "succeeded") return opened.value.outputs;
    throw new Error(
      `Cannot answer for run ${result.runId}: its recorded result can't be opened: ${opened.ok ? "it is no success" : opened.problem}`,
    );
  }

  /** Records the outputs beside the record, unless another request has done so, or the record is not the same. */
  async function recordOutputs(address: ResourceAddress, loaded: Loaded, sealed: string): Promise<void> {
    const { revision } = await records.loadResult(address);
    // In this order: as long as the record is the same nobody has recorded a later run's outputs, and whoever does so from
    // now on changes the result's revision. Otherwise a slow front door could put old outputs in place of newer ones.
    if (loaded.record === undefined || (await isOutdated(address, loaded))) return;
    const { runId, cluster } = loaded.record.run;
    await records.saveResult(address, { runId, cluster, sealed }, revision);
  }

  return {
    async findOutputs(address, looked, from) {
      const { state } = looked.situation;
      if (from === "run" && state.kind === "ended" && state.result.kind === "succeeded") return state.result.outputs;
      return loadOutputs(address, looked);
    },
    async note(address, { loaded, situation: { record, state } }) {
      if (state.kind !== "ended" || record.run.told !== undefined) return false;
      // First the outputs, then the note that points to them: a crash in between leaves the end untold, not lost.
      const outputs = findSealedOutputs(record, state);
      if (outputs !== undefined) await recordOutputs(address, loaded, outputs);
      return (await records.save(address, noteEnd(record, state), loaded.revision)).kind === "written";
    },
  };
}

/** The outputs that are to be recorded: those of a create which has really run. */
function findSealedOutputs(record: ResourceRecord, { result, sealed }: Ended): string | undefined {
  return record.run.action === "create" && result.kind === "succeeded" && result.unchanged !== true
    ? sealed
    : undefined;
}

function noteEnd(record: ResourceRecord, { result, sealed }: Ended): ResourceRecord {
  if (result.kind !== "succeeded") {
    const { kind, failure } = result;
    const told = sealed === undefined ? { kind: "lost" as const, failure } : { kind, sealed };
    return { ...record, run: { ...record.run, told } };
  }
  const run = { ...record.run, told: { kind: "succeeded" as const } };
  if (result.unchanged === true) return { ...record, run };
  return { ...record, run, result: result.commit === undefined ? {} : { commit: result.commit } };
}
