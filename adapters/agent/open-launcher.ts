import type { Launcher } from "../../k8s-agent/launch/launcher.ts";

/** A launcher, and what else a program needs of it. */
export interface OpenLauncher extends Launcher {
  /** How long what a failed run has left is kept, for a person to look at. */
  readonly keepFailedSeconds: number;
  /** Why runs can't be launched or followed just now; for whoever asks how the agent is. */
  findProblem(): string | undefined;
  /** Lets go of what it holds; runs go on. */
  close(): Promise<void>;
}
