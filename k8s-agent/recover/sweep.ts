/**
 * Finds what a replica that died has left behind: workloads of runs that have ended, and workloads that no run knows of.
 * Those of live runs are left alone, as their requests come back to a replica by themselves.
 */
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
}

/** Removes the workloads of this cluster that belong to no live run. What can't be removed is left, and said so. */
export async function sweep({ launcher, events, cluster, backoff, logger }: SweepOptions): Promise<void> {
  for (const runId of await launcher.list()) {
    const last = await backoff(
      () => events.last({ cluster, runId }),
      (error) => error instanceof BusUnavailable,
    );
    const event = last === undefined ? undefined : decodeMessage(RunEvent, last.data);
    // What can't be read may be a newer replica's: its run may well be alive.
    if (event !== undefined && !(event.ok && isTerminal(event.value.data.phase))) continue;
    logger.warn({ runId, ended: event !== undefined }, "Removing a workload that belongs to no live run");
    try {
      await launcher.remove(runId);
    } catch (error) {
      logger.error({ runId, err: error }, "Could not remove a workload that belongs to no live run");
    }
  }
}
