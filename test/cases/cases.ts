/**
 * The end-to-end cases through HTTP alone: one suite, for every front door, bus and launcher. Containers are shell
 * scripts that need only what a small image has.
 */
import { describe } from "vitest";
import { describeDestroy } from "./destroy.ts";
import { describeFailures } from "./failures.ts";
import { describeGitSource } from "./git-source.ts";
import { describeInputs } from "./inputs.ts";
import { describeLocalMisbehaviour, describeMisbehaviour } from "./misbehaviour.ts";
import { describeOutputs } from "./outputs.ts";
import { describeRefusals } from "./refusals.ts";
import { describeRepetition } from "./repetition.ts";
import type { Start } from "./server.ts";
import { setStage } from "./stage.ts";

export interface CaseOptions {
  /** What carries the runs out: some cases look at the processes of this machine. */
  readonly launcher: "local" | "kubernetes";
  /** Variables that the place where containers run adds to the contract's. */
  readonly ambient: readonly string[];
}

export function describeCases(name: string, start: Start, { launcher, ambient }: CaseOptions): void {
  describe(name, () => {
    const getStage = setStage(start);
    describeOutputs(getStage);
    describeFailures(getStage);
    describeDestroy(getStage);
    describeRepetition(getStage);
    describeInputs(getStage, { ambient });
    describeGitSource(getStage, { launcher });
    describeMisbehaviour(getStage);
    if (launcher === "local") describeLocalMisbehaviour(getStage);
    describeRefusals(getStage);
  });
}
