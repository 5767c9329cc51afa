/**
 * An outbox: what one subscription is still to be told of one cluster's runs. Its state is one record, small however much
 * has happened: how far the cluster's events were looked through, and for each run that has undelivered events how far
 * those were delivered. Whatever is stored at any moment is true, or a little behind: then something is delivered twice.
 */
import * as v from "valibot";
import { RunId } from "../contract/names.ts";

const Sequence = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** A run with events that are not delivered yet: those behind `after`, up to and with `until`. */
const Pending = v.object({
  after: Sequence,
  until: Sequence,
  /** Of the first one: how often it was tried. */
  attempts: Sequence,
  /** When it is tried next, milliseconds since 1970. */
  at: v.number(),
  /** When it happened, milliseconds since 1970; left out where that isn't known, or was stored as nothing. */
  since: v.fallback(v.optional(v.number()), undefined),
});
export type Pending = v.InferOutput<typeof Pending>;

/** Events of a run: those behind `after`, up to and with `until`. */
const Wanted = v.object({ runId: RunId, after: Sequence, until: Sequence });
export type Wanted = v.InferOutput<typeof Wanted>;

export const OutboxState = v.object({
  v: v.literal(1),
  /** Which program delivers; empty: none. */
  holder: v.string(),
  /** Everything up to this sequence was looked at. */
  cursor: Sequence,
  runs: v.array(v.object({ runId: RunId, ...Pending.entries })),
  /** What somebody wants delivered again, once nothing else of the run is pending. */
  replay: v.array(Wanted),
});
export type OutboxState = v.InferOutput<typeof OutboxState>;

/** An event that was given up. */
export const Parked = v.object({
  runId: RunId,
  sequence: Sequence,
  type: v.string(),
  /** When it was given up, ISO 8601. */
  at: v.string(),
  attempts: v.number(),
  problem: v.string(),
});
export type Parked = v.InferOutput<typeof Parked>;

/** The parked events of an outbox, oldest first. */
export const ParkedList = v.object({ v: v.literal(1), parked: v.array(Parked) });

/** Runs with undelivered events in one outbox; when there are so many, it looks no further until there is room. */
export const mostPending = 1_000;
/** Parked events that are kept in one outbox; the oldest go first. */
export const mostParked = 1_000;

/** Begins where the cluster's events are now. */
export function createState(cursor: number): OutboxState {
  return { v: 1, holder: "", cursor, runs: [], replay: [] };
}

/** Adds what is to be delivered: to what is pending of the run, or as something new that is due at once. */
export function addPending(
  runs: Map<string, Pending>,
  { runId, after, until, since }: Wanted & { readonly since?: number },
): void {
  const known = runs.get(runId);
  if (known === undefined)
    runs.set(runId, { after, until, attempts: 0, at: 0, ...(since === undefined ? {} : { since }) });
  else known.until = Math.max(known.until, until);
}

/** Moves what is wanted again to what is pending; what has to wait for its run stays, and is answered with. */
export function admitReplay(runs: Map<string, Pending>, replay: readonly Wanted[]): Wanted[] {
  const before = new Set(runs.keys());
  return replay.filter((wanted) => {
    if (before.has(wanted.runId) || runs.size >= mostPending) return true;
    const { runId, after } = wanted;
    const known = runs.get(runId);
    addPending(runs, wanted);
    // Several of one run: from the first to the last, in order.
    if (known !== undefined) known.after = Math.min(known.after, after);
    return false;
  });
}
