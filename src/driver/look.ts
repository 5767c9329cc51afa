/** Where a resource stands: its record, and what has become of its last run. */
import type { ResourceAddress } from "../contract/run.ts";
import type { RunState, Situation } from "./decide.ts";
import type { Loaded, Records } from "./record.ts";
import type { RunStates } from "./run-state.ts";

/** A record as it was read, and what became of its run. */
export interface Looked {
  readonly loaded: Loaded;
  readonly situation: Situation;
}

/** Looks at a resource; `observed` is the run that this very request has placed or seen alive. */
export type Look = (
  address: ResourceAddress,
  observed?: string,
) => Promise<Looked | { readonly loaded: Loaded; readonly situation: undefined }>;

/** A run that was requested longer ago than this and has no event was never placed, or its events are gone: it is lost. */
const lostAfterMilliseconds = 3600 * 1000;

const lost: RunState = {
  kind: "ended",
  result: {
    kind: "failed",
    failure: {
      reason: "lost",
      message: "Cannot say how the run ended: it has left no events. Send the request again to start a new run.",
    },
  },
  sealed: undefined,
};

export function createLook({ records, states, now }: { records: Records; states: RunStates; now: () => Date }): Look {
  return async (address, observed) => {
    const loaded = await records.load(address);
    const { record } = loaded;
    if (record === undefined) return { loaded, situation: undefined };
    const read = await states.read(record.run);
    const age = now().getTime() - Date.parse(record.run.requestedAt);
    const state = read.kind === "unplaced" && age > lostAfterMilliseconds ? lost : read;
    return { loaded, situation: { record, state, observed } };
  };
}
