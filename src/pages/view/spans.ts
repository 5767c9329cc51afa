/** A run's stages as parts of the time that it took. */
import { isTerminal } from "../../contract/events.ts";
import type { Stage, StageName } from "../../runs/list-stages.ts";

/** Part of a run's time, from 0 to 1. */
export interface Span {
  readonly stage: StageName;
  readonly start: number;
  readonly length: number;
  readonly milliseconds: number;
  /** Whether the run is in this stage now. */
  readonly current: boolean;
}

/** How long a run has taken, or takes so far, milliseconds. */
export function measureRun(run: { requestedAt: string; endedAt?: string | undefined }, now: number): number {
  const end = run.endedAt === undefined ? now : Date.parse(run.endedAt);
  return Math.max(0, end - Date.parse(run.requestedAt));
}

/** The stages but for the end, which takes no time. */
export function layOutStages(stages: readonly Stage[], now: number): Span[] {
  const lasting = stages.filter(({ stage }) => !isTerminal(stage));
  const measured = lasting.map(({ stage, startedAt, milliseconds }) => ({
    stage,
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
