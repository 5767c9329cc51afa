/** The list of runs, brought up to date by the next event of any of them. */
import { eventTypes, isTerminal } from "../../contract/events.ts";
import type { RunDetails } from "../../contract/runs-api/run-details.ts";
import type { SeenEvent } from "../../contract/runs-api/seen-event.ts";
import type { ListedRun } from "../view/run-table.ts";
import { addPhase } from "../../runs/apply-run-event.ts";

export interface LiveFilter {
  readonly status?: string | undefined;
  readonly cluster?: string | undefined;
  readonly driver?: string | undefined;
  readonly guresid?: string | undefined;
}

export interface LiveList {
  /** Newest first. */
  readonly runs: readonly ListedRun[];
  readonly filter: LiveFilter;
  /** Whether this is the page that new runs come to. */
  readonly first: boolean;
  readonly limit: number;
}

type Told = Pick<SeenEvent, "type" | "time" | "data">;

/** The list behind an event; or the id of a run that it lacks, and of which it has to be asked. */
export function applyListEvent(list: LiveList, event: Told): { list: LiveList; missing?: string } {
  const { data, type, time } = event;
  const known = list.runs.find(({ run }) => run.id === data.runId);
  if (known !== undefined) {
    const next = updateRun(known, event);
    const runs = list.runs.flatMap((each) => (each !== known ? [each] : matches(list.filter, next.run) ? [next] : []));
    return { list: { ...list, runs } };
  }
  const { runId: id, cluster, driver, guresid, type: resourceType, action, phase: status } = data;
  const run = { id, status, cluster, driver, guresid, type: resourceType, action, requestedAt: time };
  if (!list.first || !matches(list.filter, run)) return { list };
  if (type === eventTypes.requested)
    return { list: addRun(list, { run, phases: addPhase([], { phase: status, time }) }) };
  // One that only now is what is looked for; without that, it is on a page behind this one.
  return list.filter.status === undefined ? { list } : { list, missing: id };
}

/** The list with a run that was asked for. */
export function addDetails(list: LiveList, { phases, ...run }: RunDetails): LiveList {
  if (list.runs.some((each) => each.run.id === run.id) || !matches(list.filter, run)) return list;
  return addRun(list, { run, phases });
}

function addRun(list: LiveList, listed: ListedRun): LiveList {
  // Ids begin with the time.
  const runs = [listed, ...list.runs].sort((one, other) => (one.run.id < other.run.id ? 1 : -1));
  return { ...list, runs: runs.slice(0, Math.max(list.limit, list.runs.length)) };
}

function updateRun({ run, phases }: ListedRun, { time, data: { phase, failure } }: Told): ListedRun {
  return {
    run: {
      ...run,
      status: phase,
      ...(isTerminal(phase) ? { endedAt: time } : {}),
      ...(failure === undefined ? {} : { reason: failure.reason }),
    },
    ...(phases === undefined ? {} : { phases: addPhase(phases, { phase, time }) }),
  };
}

function matches(filter: LiveFilter, run: Required<LiveFilter>): boolean {
  return (["status", "cluster", "driver", "guresid"] as const).every(
    (name) => filter[name] === undefined || filter[name] === run[name],
  );
}
