/**
 * Where runs are carried out. Two implementations obey one behaviour suite (test/launcher): local processes, and
 * Kubernetes Jobs. A workload outlives the agent that launched it: another replica finds it by its run id.
 */
import type { WorkloadFailure } from "../../src/contract/errors.ts";
import type { SetupTimes } from "../../src/contract/events.ts";
import { limits } from "../../src/contract/limits.ts";
import type { Outputs } from "../../src/contract/outputs.ts";
import type { Result } from "../../src/contract/result.ts";
import type { TraceCarrier } from "../../src/contract/trace-context.ts";
import type { Run } from "../../src/contract/run.ts";

export interface Launcher {
  readonly name: "local" | "kubernetes";
  /**
   * Starts the run's workload, or finds it there already: never twice. `existing` says which, so that whoever knows that
   * the workload must exist can pass `mustExist` and gets `missing` instead of a second execution.
   */
  launch(run: Run, options?: LaunchOptions): Promise<Launched>;
  /** What becomes of the workload, from its present status on, or an earlier one; the last one is `ended`, or the signal aborts. */
  watch(runId: string, options: { signal: AbortSignal }): AsyncIterable<WorkloadStatus>;
  /** What main writes to stdout and stderr, raw, from a mark on (undefined: the start) to its end. */
  readLog(runId: string, options: { from: string | undefined; signal: AbortSignal }): AsyncIterable<LogPiece>;
  /**
   * SIGTERM to main, then SIGKILL after the grace. Returns when that is under way; `watch` tells when it ended, and whether
   * that was before anybody asked (`stopped`). Twice is fine.
   */
  stop(runId: string, options: { graceSeconds: number }): Promise<void>;
  /** Removes everything of the run, running or not. Twice is fine. */
  remove(runId: string): Promise<void>;
  /** The run ids of all workloads that are there. */
  list(): Promise<string[]>;
}

export interface LaunchOptions {
  readonly mustExist?: boolean;
  /** Lets go of a launch that waits for a cluster which is away. */
  readonly signal?: AbortSignal;
  /**
   * Called right before the workload is made; throws when that mustn't be any more. A signal alone comes too late for a
   * process that was paused: what it was about to do comes first.
   */
  readonly throwIfLost?: () => void;
  /** The trace that main is to go on with. */
  readonly trace?: TraceCarrier | undefined;
}

export type Launched =
  | { readonly kind: "launched" | "existing"; readonly warnings: readonly string[] }
  /** Can't be carried out by this launcher or isn't allowed: the run fails, at once unless it `mayPass`. */
  | {
      readonly kind: "refused";
      /** The agent's own trouble and not the run's, such as a right that it is only about to be given. */
      readonly mayPass?: true;
      readonly message: string;
      /** Left out: `launch-refused`. */
      readonly reason?: WorkloadFailure;
      readonly evidence?: Evidence;
    }
  /** Only with `mustExist`. */
  | { readonly kind: "missing" };

export type WorkloadStatus =
  /** Setup is under way. */
  | { readonly kind: "starting"; readonly startedAt: string }
  /** Main has started. */
  | {
      readonly kind: "running";
      readonly startedAt: string;
      readonly mainStartedAt: string;
      readonly commit?: string;
      /** Left out where it isn't known, or where there is nothing but setup before main. */
      readonly setup?: SetupTimes;
    }
  /** Main has ended, its files are being read. */
  | { readonly kind: "collecting"; readonly startedAt: string }
  /** No stage of its own: something about the workload that its owner should know, in a sentence. */
  | { readonly kind: "warning"; readonly message: string }
  | Ended;

export interface Ended {
  readonly kind: "ended";
  readonly cause: EndCause;
  /** What was in main's files; undefined when they could not be read (setup failed, the collector was lost). */
  readonly collected?: Collected;
  readonly commit?: string;
  /** Whether anybody had asked it to stop before main ended; left out: that isn't known. */
  readonly stopped?: boolean;
}

/** Why the workload ended. Sentences are free of secrets only after the agent's redaction. */
export type EndCause =
  | { readonly kind: "exited"; readonly exitCode: number }
  | { readonly kind: "signalled"; readonly signal: string }
  /** `source.refresh`: the branch still points at the commit of the last success. */
  | { readonly kind: "unchanged" }
  /** `evidence`: what that was concluded from, such as container, exitCode, limit, event. */
  | { readonly kind: WorkloadFailure; readonly message: string; readonly evidence?: Evidence };

export type Evidence = Readonly<Record<string, string | number | boolean>>;

/**
 * How much of `ERROR_FILE` is read, bytes: twice what is shown, so that where it was cut, maybe inside a secret, lies
 * before what is shown once secrets are masked.
 */
export const errorReadBytes = 2 * limits.errorTextBytes;

/** What collector found in the files that main wrote. */
export interface Collected {
  readonly outputs: Result<Outputs>;
  /** The end of `ERROR_FILE`, at most `errorReadBytes` of it, as text; empty when there is none. Not redacted yet. */
  readonly errorText: string;
  /** How long `ERROR_FILE` is. */
  readonly errorBytes: number;
}

/** A piece of the raw log, and the mark of the place where it begins. */
export interface LogPiece {
  readonly mark: string;
  readonly bytes: Uint8Array;
  /** Bytes that could not be read before this piece. */
  readonly gap?: { readonly bytes?: number; readonly reason: string };
}
