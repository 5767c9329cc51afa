/**
 * Finds what a replica that died has left behind: workloads of runs that have ended, and workloads that no run knows of.
 * Those of live runs are left alone, as their requests come back to a replica by themselves; those of failed runs are left
 * for a while, for a person to look at.
 */
import { pause as pauseForReal } from "../../src/bus/pause.ts";
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
  readonly signal: AbortSignal;
  /** Timers, for tests; default: the platform's. */
  readonly pause?: typeof pauseForReal;
}

const everyMilliseconds = 30_000;
const holderSeconds = 30;

/**
 * That a run isn't known is asked twice, so far apart: a broker's replica that is a moment behind doesn't know the newest
 * runs, and they are alive. An agent that starts takes nothing until then.
 */
export const doubtMilliseconds = 10_000;

/** Sweeps again and again, until the signal aborts. What goes wrong is logged, and tried again the next time. */
export async function keepSweeping(options: SweepOptions): Promise<void> {
  const { signal, pause = pauseForReal } = options;
  let due = pause(everyMilliseconds, signal);
  for (;;) {
    await due;
    if (signal.aborted) return;
    // From one beginning to the next: what is left behind has to be gone within a minute, however long a sweep takes.
    due = pause(everyMilliseconds, signal);
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
  if (signal.aborted) return;
  const { promise: aborted, resolve: abort } = Promise.withResolvers<void>();
  const stopWaiting = () => abort();
  signal.addEventListener("abort", stopWaiting);
  await Promise.race([sweepAll(options), aborted]).finally(() => signal.removeEventListener("abort", stopWaiting));
}

async function sweepAll(options: SweepOptions): Promise<void> {
  const { launcher, logger, signal, pause = pauseForReal } = options;
  const unknown = await sweepRuns(await launcher.list(), { ...options, isFirstLook: true });
  if (unknown.length === 0) return;
  logger.warn({ runIds: unknown, milliseconds: doubtMilliseconds }, "Nobody knows some workloads' runs; asking again");
  await pause(doubtMilliseconds, signal);
  await sweepRuns(unknown, { ...options, isFirstLook: false });
}

/** Resolves to the runs that have to be looked at again. */
async function sweepRuns(
  runIds: readonly string[],
  options: SweepOptions & { readonly isFirstLook: boolean },
): Promise<string[]> {
  const doubtful: string[] = [];
  for (const runId of runIds) {
    if (options.signal.aborted) return [];
    const verdict = await judge(runId, options);
    if (verdict === "unknown" && options.isFirstLook) doubtful.push(runId);
    else if (verdict !== "keep") await remove(runId, verdict, options);
  }
  return doubtful;
}

type Verdict = "keep" | "expired" | "ended" | "unknown";

async function remove(runId: string, why: Exclude<Verdict, "keep">, { launcher, logger }: SweepOptions): Promise<void> {
  if (why === "expired") logger.info({ runId }, "Removing what a failed run has left");
  else logger.warn({ runId, ended: why === "ended" }, "Removing a workload that belongs to no live run");
  try {
    await launcher.remove(runId);
  } catch (error) {
    logger.error({ runId, err: error }, "Could not remove a workload that belongs to no live run");
  }
}

async function judge(
  runId: string,
  { events, cluster, backoff, now, keepFailedSeconds, holderSeconds: patience = 0 }: SweepOptions,
): Promise<Verdict> {
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
