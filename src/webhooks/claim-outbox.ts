/** Waits until nobody else delivers from an outbox, and takes it. */
import { pause } from "../bus/pause.ts";
import { BusUnavailable, type History } from "../bus/port.ts";
import { createState, type OutboxState } from "./outbox-state.ts";
import type { Logger } from "../log.ts";
import { RecordUnreadable, type OutboxStore } from "./outbox-store.ts";

export interface HeldOutbox {
  readonly state: OutboxState;
  readonly revision: number;
}

export interface ClaimOptions {
  readonly store: OutboxStore;
  readonly events: Pick<History, "page">;
  readonly cluster: string;
  /** The name of this program, unlike any other's. */
  readonly holder: string;
  readonly timing: Timing;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** Milliseconds. */
export interface Timing {
  /** A holder writes this often at least. */
  readonly renew: number;
  /** One that hasn't written for so long has lost its outbox to whoever waits for it. */
  readonly takeOver: number;
}

export const usualTiming: Timing = { renew: 5_000, takeOver: 20_000 };

/**
 * Undefined when the signal aborts. One that can't be read is told of, and waited for: that is its own trouble, and no other
 * outbox's. Whether a holder lives is seen by its writing, not by anybody's clock: programs' clocks
 * may differ.
 */
export async function claimOutbox(options: ClaimOptions): Promise<HeldOutbox | undefined> {
  const { timing, logger, signal } = options;
  let seen = { revision: -1, since: 0 };
  let doubted = false;
  let told: string | undefined;
  while (!signal.aborted) {
    try {
      const { value, revision } = await options.store.load();
      if (revision !== seen.revision) seen = { revision, since: performance.now() };
      const isFree = value === undefined || value.holder === "" || value.holder === options.holder;
      if (isFree || performance.now() - seen.since > timing.takeOver) {
        const newest = await findNewest(options);
        // A stream that was made anew counts from 1 again. A replica that lags behind says less, too, but not twice.
        const isAnew = value !== undefined && value.cursor > newest;
        const state = value === undefined ? createState(newest) : isAnew ? createState(0) : value;
        const held = isAnew && !doubted ? undefined : await take(options, state, revision);
        if (held !== undefined) return held;
        doubted = isAnew;
      }
    } catch (error) {
      if (error instanceof RecordUnreadable) {
        const { key, problem } = error;
        if (problem !== told)
          logger.error({ key, problem }, "Cannot read a stored outbox; it waits to be mended or removed");
        told = problem;
      } else if (!(error instanceof BusUnavailable)) throw error;
    }
    await pause(timing.renew, signal);
  }
  return undefined;
}

async function take(
  { store, holder }: ClaimOptions,
  found: OutboxState,
  expected: number,
): Promise<HeldOutbox | undefined> {
  const state = { ...found, holder };
  const written = await store.save(state, expected);
  return written.kind === "written" ? { state, revision: written.revision } : undefined;
}

/** Where the cluster's events are now: a new subscription is told of what happens from then on. */
async function findNewest({ events, cluster }: Pick<ClaimOptions, "events" | "cluster">): Promise<number> {
  const { entries } = await events.page(cluster, { count: 1 });
  return entries[0]?.sequence ?? 0;
}
