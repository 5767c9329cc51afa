/**
 * A run's details, brought up to date by its next event: by the server from the run's first event on, by its page while it
 * is open. However many events there are, and whatever is in them, details stay small.
 */
import { isTerminal } from "../contract/events.ts";
import { describeLimit, limits } from "../contract/limits.ts";
import type { RunDetails } from "../contract/runs-api/run-details.ts";
import type { SeenEvent } from "../contract/runs-api/seen-event.ts";

type Told = Pick<SeenEvent, "time" | "data">;
type Phases = RunDetails["phases"];

/** A run that goes its way has five, and its end. */
const mostPhases = 64;

export function applyRunEvent(run: RunDetails, { time, data }: Told): RunDetails {
  const { phase, agent, commit, setup, failure, outputs, warning } = data;
  // How it ended is what the last event says.
  const { endedAt: _, reason: _reason, failure: _failure, outputs: _outputs, ...known } = run;
  return {
    ...known,
    status: phase,
    phases: addPhase(run.phases, { phase, time }),
    waiting: run.waiting && phase === "requested",
    ...(warning === undefined ? {} : addWarning(run, { time, message: warning })),
    ...(isTerminal(phase) ? { endedAt: time } : {}),
    ...(agent === undefined ? {} : { agent }),
    ...(commit === undefined ? {} : { commit }),
    ...(setup === undefined ? {} : { setup }),
    ...(failure === undefined ? {} : { failure, reason: failure.reason }),
    ...(outputs === undefined ? {} : { outputs }),
  };
}

/**
 * The phases, and one that began; those that an event only repeats stay as they are. Clocks of different machines may make
 * one end before it began.
 */
export function addPhase(phases: Phases, { phase, time }: { phase: Phases[number]["phase"]; time: string }): Phases {
  const last = phases.at(-1);
  if (last?.phase === phase) return phases;
  const begun = { phase, startedAt: time };
  if (last === undefined) return [begun];
  const milliseconds = Math.max(0, Date.parse(time) - Date.parse(last.startedAt));
  return [...phases.slice(0, -1), { ...last, milliseconds }].slice(0, mostPhases - 1).concat(begun);
}

type Warned = Pick<RunDetails, "warnings" | "unlistedWarnings">;

function addWarning({ warnings, unlistedWarnings = 0 }: Warned, warning: Warned["warnings"][number]): Warned {
  if (warnings.length >= limits.warnings) return { warnings, unlistedWarnings: unlistedWarnings + 1 };
  const { time, message } = warning;
  return { warnings: [...warnings, { time, message: cutWarning(message) }] };
}

function cutWarning(text: string): string {
  if (text.length <= limits.warningLength) return text;
  const why = describeLimit("it", text.length, limits.warningLength, "characters");
  return `${text.slice(0, limits.warningLength).toWellFormed()} [cut: ${why}]`;
}
