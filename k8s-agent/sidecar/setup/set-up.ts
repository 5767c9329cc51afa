/** The first helper: makes the directory that main works in, and tells which commit it holds. */
import type { ContainerPaths } from "../../../src/contract/container/environment.ts";
import { refuse, type Result } from "../../../src/contract/result.ts";
import type { Run } from "../../../src/contract/run.ts";

/** What setup needs of a run. */
export type SetupRun = Pick<Run, "inputs"> & { readonly order: { readonly unlessCommit?: string | undefined } };

/** What the agent's operator decides about git; a request can't. */
export interface GitPolicy {
  /** A known_hosts file of the operator's, for requests that bring none. */
  readonly knownHostsFile?: string;
  /** PEM file of certificate authorities, instead of the system's. */
  readonly caFile?: string;
}

export interface SetupOptions {
  /** Real directories that exist already and are empty. */
  readonly paths: ContainerPaths;
  /** Private (0700), on a disk that keeps no copies; holds keys while git runs. The caller removes it afterwards. */
  readonly scratchDirectory: string;
  /** Aborting kills git and all that it started. */
  readonly signal: AbortSignal;
  readonly policy?: GitPolicy;
  /** Tests make these small. */
  readonly limits?: { readonly checkoutBytes?: number; readonly checkoutSeconds?: number };
}

export interface SetupOutcome {
  /** The commit that was checked out, 40 or 64 hex digits; undefined without a source. */
  readonly commit?: string;
  /** The source's ref still points at `order.unlessCommit`: nothing was checked out, and main must not run. */
  readonly unchanged?: boolean;
}

/**
 * Checks out the source, lays the request's files over it and writes the files that main reads.
 *
 * The problem of a refusal is a sentence for people that holds no credential. Rejects only when aborted, with the
 * signal's reason.
 */
export async function setUp(_run: SetupRun, { signal }: SetupOptions): Promise<Result<SetupOutcome>> {
  signal.throwIfAborted();
  return refuse("Cannot set up the run: not built yet");
}
