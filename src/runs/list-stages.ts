/** What a run's time went to: its phases, `starting` in its parts where these are known. */
import type { Phase } from "../contract/events.ts";
import type { RunDetails } from "../contract/runs-api/run-details.ts";

/** `placing`: until setup runs; a node is found, the helpers' image is pulled. `image-pull`: from setup's end until main runs. */
export type StageName = Phase | "placing" | "setup" | "image-pull";

export interface Stage {
  readonly stage: StageName;
  /** ISO 8601. */
  readonly startedAt: string;
  /** Left out for the one that the run is in, and for its end. */
  readonly milliseconds?: number | undefined;
}

export function listStages({ phases, setup }: Pick<RunDetails, "phases" | "setup">): Stage[] {
  return phases.flatMap(({ phase, ...time }) =>
    phase === "starting" && setup !== undefined && time.milliseconds !== undefined
      ? divide(time.startedAt, time.milliseconds, setup)
      : [{ stage: phase, ...time }],
  );
}

/** Setup's times are of its node's clock, and in whole seconds on Kubernetes: what lies outside of the phase is cut off. */
function divide(startedAt: string, milliseconds: number, setup: NonNullable<RunDetails["setup"]>): Stage[] {
  const start = Date.parse(startedAt);
  const end = start + milliseconds;
  const begun = clamp(Date.parse(setup.startedAt), start, end);
  const ended = clamp(Date.parse(setup.endedAt), begun, end);
  const parts: [StageName, number, number][] = [
    ["placing", start, begun],
    ["setup", begun, ended],
    ["image-pull", ended, end],
  ];
  return parts.map(([stage, from, to]) => ({
    stage,
    startedAt: new Date(from).toISOString(),
    milliseconds: to - from,
  }));
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}
