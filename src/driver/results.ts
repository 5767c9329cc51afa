/** Opens what the agent sealed under a run's key; the key is derived anew each time and never stored. */
import { eventTypes, type RunResult, type TerminalPhase } from "../contract/events.ts";
import type { RunAddress } from "../contract/names.ts";
import type { Result } from "../contract/result.ts";
import { findRunSecret, type FrontDoorKeys } from "../sealing/keys.ts";
import { openResult } from "../sealing/result.ts";

export interface ResultOpener {
  /** Refused when it was sealed for another run, cluster or end, by another key, or was changed on the way. */
  open(what: { address: RunAddress; phase: TerminalPhase; sealed: string }): Promise<Result<RunResult>>;
  /**
   * Throws `RunSecretMissing` unless we have the secret of that id: then what we can't open was sealed by nobody whom we trust.
   * The id is to be our own word. Undefined: nobody has noted which it is.
   */
  requireSecret(id: string | undefined): void;
}

export function createResultOpener(keys: FrontDoorKeys): ResultOpener {
  return {
    open: ({ address: { runId, cluster }, phase, sealed }) =>
      openResult(sealed, { runId, cluster, type: eventTypes[phase], secrets: keys.runSecrets }),
    requireSecret(id) {
      if (id !== undefined) findRunSecret(keys, id);
    },
  };
}
