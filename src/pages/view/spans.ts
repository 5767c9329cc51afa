/** A run's phases as parts of the time that it took. */
import { isTerminal, type Phase } from "../../contract/events.ts";
import type { RunDetails } from "../../contract/runs-api/run-details.ts";

export type RunPhases = RunDetails["phases"];

/** Part of a run's time, from 0 to 1. */
export interface Span {
  readonly phase: Phase;
  readonly start: number;
  readonly length: number;
  readonly milliseconds: number;
  /** Whether the run is in this phase now. */
  readonly current: boolean;
}

/** How long a run has taken, or takes so far, milliseconds. */
export function measureRun(run: { requestedAt: string; endedAt?: string | undefined }, now: number): number {
  const end = run.endedAt === undefined ? now : Date.parse(run.endedAt);
  return Math.max(0, end - Date.parse(run.requestedAt));
}

/** The phases but for the end, which takes no time. */
export function layOutPhases(phases: RunPhases, now: number): Span[] {
  const lasting = phases.filter(({ phase }) => !isTerminal(phase));
  const measured = lasting.map(({ phase, startedAt, milliseconds }) => ({
    phase,
    current: milliseconds === undefined,
    milliseconds: milliseconds ?? Math.max(0, now - Date.parse(startedAt)),
  }));
  const total = measured.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  let start = 0;
  return measured.map((each) => {
    const length = total === 0 ? 1 / measured.length : each.milliseconds / total;
    const span = { ...each, start, length };
    start += length;
    return span;
  });
}
