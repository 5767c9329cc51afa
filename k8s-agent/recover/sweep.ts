/**
 * Finds what a replica that died has left behind: workloads of runs that have ended, and workloads that no run knows of.
 * Those of live runs are left alone, as their requests come back to a replica by themselves; those of failed runs are left
 * for a while, for a person to look at.
 */
import { pause } from "../../src/bus/pause.ts";
import { BusUnavailable, type Journal } from "../../src/bus/port.ts";
import { decodeMessage } from "../../src/contract/decode.ts";
import { isTerminal, RunEvent } from "../../src/contract/events.ts";
import type { Logger } from "../../src/log.ts";
import type { Launcher } from "../launch/launcher.ts";
import type { Backoff } from "../report/backoff.ts";

export interface SweepOptions {
  readonly launcher: Launcher;
  readonly events: Journal;
  readonly cluster: string;
  /** Calls again while the broker is away. */
  readonly backoff: Backoff;
  readonly logger: Logger;
  readonly now: () => Date;
  /** How long what a failed run has left is kept. */
  readonly keepFailedSeconds: number;
  /** How long whoever held a run that has ended has to remove it; left out: no time, as nobody is there. */
  readonly holderSeconds?: number;
  /** Waits no longer for a cluster that is away. */
  readonly signal?: AbortSignal;
}

const everyMilliseconds = 30_000;
const holderSeconds = 30;

/** Sweeps again and again, until the signal aborts. What goes wrong is logged, and tried again the next time. */
export async function keepSweeping(options: SweepOptions & { signal: AbortSignal }): Promise<void> {
  const { signal } = options;
  for (;;) {
    await pause(everyMilliseconds, signal);
    if (signal.aborted) return;
    try {
      await sweep({ ...options, holderSeconds });
    } catch (error) {
      if (!signal.aborted) options.logger.error({ err: error }, "Could not look for workloads without a live run");
    }
  }
}

/** Removes the workloads of this cluster that belong to no live run. What can't be removed is left, and said so. */
export async function sweep(options: SweepOptions): Promise<void> {
  const { signal } = options;
  if (signal?.aborted === true) return;
  const { promise: aborted, resolve: abort } = Promise.withResolvers<void>();
  const stopWaiting = () => abort();
  signal?.addEventListener("abort", stopWaiting);
  await Promise.race([sweepAll(options), aborted]).finally(() => signal?.removeEventListener("abort", stopWaiting));
}

async function sweepAll(options: SweepOptions): Promise<void> {
  const { launcher, logger } = options;
  for (const runId of await launcher.list()) {
    if (options.signal?.aborted === true) return;
    const verdict = await judge(runId, options);
    if (verdict === "keep") continue;
    if (verdict === "expired") logger.info({ runId }, "Removing what a failed run has left");
    else logger.warn({ runId, ended: verdict === "ended" }, "Removing a workload that belongs to no live run");
    try {
      await launcher.remove(runId);
    } catch (error) {
      logger.error({ runId, err: error }, "Could not remove a workload that belongs to no live run");
    }
  }
}

async function judge(
  runId: string,
  { events, cluster, backoff, now, keepFailedSeconds, holderSeconds: patience = 0 }: SweepOptions,
): Promise<"keep" | "expired" | "ended" | "unknown"> {
  const last = await backoff(
    () => events.last({ cluster, runId }),
    (error) => error instanceof BusUnavailable,
  );
  if (last === undefined) return "unknown";
  const event = decodeMessage(RunEvent, last.data);
  // What can't be read may be a newer replica's: its run may well be alive.
  if (!event.ok || !isTerminal(event.value.data.phase)) return "keep";
  const keptSeconds = event.value.data.phase === "failed" ? keepFailedSeconds : 0;
  const age = now().getTime() - Date.parse(event.value.time);
  if (age < Math.max(keptSeconds, patience) * 1000) return "keep";
  return keptSeconds > 0 ? "expired" : "ended";
}
