/** A run's details, brought up to date by its next event: what the page does while it is open. */
import { isTerminal } from "../../contract/events.ts";
import type { RunDetails } from "../../contract/runs-api/run-details.ts";
import type { SeenEvent } from "../../contract/runs-api/seen-event.ts";
import type { RunPhases } from "../view/spans.ts";

type Told = Pick<SeenEvent, "time" | "data">;

export function applyRunEvent(run: RunDetails, { time, data }: Told): RunDetails {
  const { phase, agent, commit, failure, outputs, warning } = data;
  return {
    ...run,
    status: phase,
    phases: addPhase(run.phases, { phase, time }),
    waiting: run.waiting && phase === "requested",
    warnings: warning === undefined ? run.warnings : [...run.warnings, { time, message: warning }],
    ...(isTerminal(phase) ? { endedAt: time } : {}),
    ...(agent === undefined ? {} : { agent }),
    ...(commit === undefined ? {} : { commit }),
    ...(failure === undefined ? {} : { failure, reason: failure.reason }),
    ...(outputs === undefined ? {} : { outputs }),
  };
}

/** The phases, and one that began; those that an event only repeats stay as they are. */
export function addPhase(
  phases: RunPhases,
  { phase, time }: { phase: RunPhases[number]["phase"]; time: string },
): RunPhases {
  const last = phases.at(-1);
  if (last?.phase === phase) return phases;
  const begun = { phase, startedAt: time };
  if (last === undefined) return [begun];
  const milliseconds = Math.max(0, Date.parse(time) - Date.parse(last.startedAt));
  return [...phases.slice(0, -1), { ...last, milliseconds }, begun];
}
