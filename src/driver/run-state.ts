/** What has become of a run, read from its last event; the end is believed only under the run key. */
import * as v from "valibot";
import type { Entry, Journal } from "../bus/port.ts";
import { decodeMessage } from "../contract/decode.ts";
import { isTerminal, type Failure, type RunResult } from "../contract/events.ts";
import { noOutputs } from "../contract/outputs.ts";
import { refuse } from "../contract/result.ts";
import type { Logger } from "../log.ts";
import type { ResultOpener } from "./results.ts";
import type { RunState } from "./decide.ts";
import type { LastRun } from "./record.ts";

/** What matters of an event here. A phase that only a newer agent knows is one of a run that goes on. */
const SeenEvent = v.object({ data: v.object({ phase: v.string(), sealed: v.optional(v.string()) }) });

export interface RunStates {
  /** The run's present state. */
  read(run: LastRun): Promise<RunState>;
  /** Resolves when the run has ended or the signal aborts. */
  waitForEnd(run: LastRun, options: { after: number; signal: AbortSignal }): Promise<void>;
}

export function createRunStates({
  events,
  results,
  logger,
}: {
  events: Journal;
  results: ResultOpener;
  logger: Logger;
}): RunStates {
  return {
    async read(run) {
      if (run.told !== undefined) return readTold(run, results);
      const last = await events.last(run);
      return last === undefined ? { kind: "unplaced" } : readEvent({ run, entry: last, results, logger });
    },
    async waitForEnd(run, options) {
      for await (const entry of events.follow(run, options)) {
        const event = decodeMessage(SeenEvent, entry.data);
        if (event.ok && isTerminal(event.value.data.phase)) return;
      }
    },
  };
}

/** A run whose end was told of: its events may be gone, the record has what is left to say. */
async function readTold(run: LastRun, results: ResultOpener): Promise<RunState> {
  const { told } = run;
  if (told === undefined || told.kind === "succeeded") {
    return { kind: "ended", result: { kind: "succeeded", outputs: noOutputs }, sealed: undefined };
  }
  if (told.kind === "lost") {
    return { kind: "ended", result: { kind: "failed", failure: told.failure }, sealed: undefined };
  }
  const opened = await results.open({ address: run, phase: told.kind, sealed: told.sealed });
  return { kind: "ended", result: opened.ok ? opened.value : distrust(opened.problem), sealed: told.sealed };
}

async function readEvent(from: {
  run: LastRun;
  entry: Entry;
  results: ResultOpener;
  logger: Logger;
}): Promise<RunState> {
  const { run, entry, results, logger } = from;
  const event = decodeMessage(SeenEvent, entry.data);
  if (!event.ok) throw new Error(`Cannot read the last event of run ${run.runId}: ${event.problem}`);
  const { phase, sealed } = event.value.data;
  if (!isTerminal(phase)) return { kind: "live", phase, sequence: entry.sequence };
  results.requireSecret(run.runKeyId);
  const opened = sealed === undefined ? refuse(withoutKey) : await results.open({ address: run, phase, sealed });
  if (opened.ok) return { kind: "ended", result: opened.value, sealed };
  logger.error(
    { runId: run.runId, cluster: run.cluster, problem: opened.problem },
    "The end of a run is not authentic",
  );
  return { kind: "ended", result: distrust(opened.problem), sealed: undefined };
}

/** What an agent reports that could not open its request. */
const withoutKey =
  "its agent has ended it without the run's key (the agent's log says why). Do FRONT_DOOR_KEYS, CLUSTERS and the agent's keys.json and front-doors.json belong together?";

/** An end that somebody without the run key has written: what really happened is not known. */
function distrust(problem: string): RunResult {
  const failure: Failure = { reason: "lost", message: `Cannot trust the run's reported end: ${problem}` };
  return { kind: "failed", failure };
}
