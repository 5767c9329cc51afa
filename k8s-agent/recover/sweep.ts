/**
 * Finds what a replica that died has left behind: workloads of runs that have ended, and workloads that no run knows of.
 * Those of live runs are left alone, as their requests come back to a replica by themselves.
 */
import type { Journal } from "../../src/bus/port.ts";
import { decodeMessage } from "../../src/contract/decode.ts";
import { isTerminal, RunEvent } from "../../src/contract/events.ts";
import type { Logger } from "../../src/log.ts";
import type { Launcher } from "../launch/launcher.ts";

export interface SweepOptions {
  readonly launcher: Launcher;
  readonly events: Journal;
  readonly cluster: string;
  readonly logger: Logger;
}

/** Removes the workloads of this cluster that belong to no live run. */
export async function sweep({ launcher, events, cluster, logger }: SweepOptions): Promise<void> {
  for (const runId of await launcher.list()) {
    const last = await events.last({ cluster, runId });
    const event = last === undefined ? undefined : decodeMessage(RunEvent, last.data);
    if (event?.ok === true && !isTerminal(event.value.data.phase)) continue;
    logger.warn({ runId, ended: event !== undefined }, "Removing a workload that belongs to no live run");
    await launcher.remove(runId);
  }
}
