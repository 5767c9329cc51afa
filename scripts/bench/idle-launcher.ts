/** A launcher that does nothing: its runs are "running" at once, and end at once or when they are removed. */
import type { Launcher, LogPiece, WorkloadStatus } from "../../k8s-agent/launch/launcher.ts";
import { pause } from "../../src/bus/pause.ts";
import { noOutputs } from "../../src/contract/outputs.ts";

export interface IdleLauncherOptions {
  /** Runs go on until they are stopped or removed; otherwise they end at once. */
  readonly hold: boolean;
  /** Runs print a line so often, milliseconds, until they end; left out: nothing. */
  readonly lineMilliseconds?: number;
  /** Told when a run is launched. */
  readonly onLaunch?: (runId: string) => void;
  /** Told when a run has ended for good: its request is acknowledged. */
  readonly onRemove?: (runId: string) => void;
}

interface Workload {
  readonly startedAt: string;
  readonly ended: PromiseWithResolvers<void>;
}

export function createIdleLauncher(options: IdleLauncherOptions): Launcher {
  const { hold, lineMilliseconds, onLaunch, onRemove } = options;
  const workloads = new Map<string, Workload>();

  return {
    name: "local",
    async launch({ order: { runId } }) {
      if (workloads.has(runId)) return { kind: "existing", warnings: [] };
      const workload = { startedAt: new Date().toISOString(), ended: Promise.withResolvers<void>() };
      if (!hold) workload.ended.resolve();
      workloads.set(runId, workload);
      onLaunch?.(runId);
      return { kind: "launched", warnings: [] };
    },
    async *watch(runId, { signal }) {
      const workload = workloads.get(runId);
      if (workload === undefined) return yield ended;
      const { startedAt } = workload;
      yield { kind: "running", startedAt, mainStartedAt: startedAt };
      await waitFor(workload, signal);
      if (!signal.aborted) yield ended;
    },
    async *readLog(runId, { signal }) {
      const workload = workloads.get(runId);
      if (workload === undefined) return;
      if (lineMilliseconds !== undefined) yield* printLines(workload, signal, lineMilliseconds);
      else await waitFor(workload, signal);
    },
    async stop(runId) {
      workloads.get(runId)?.ended.resolve();
    },
    async remove(runId) {
      workloads.get(runId)?.ended.resolve();
      if (workloads.delete(runId)) onRemove?.(runId);
    },
    list: () => Promise.resolve([...workloads.keys()]),
  };
}

const ended: WorkloadStatus = {
  kind: "ended",
  cause: { kind: "exited", exitCode: 0 },
  collected: { outputs: { ok: true, value: noOutputs }, errorText: "", errorBytes: 0 },
};

/** A line of an ordinary length each time, until the workload ends or the signal aborts. */
async function* printLines(
  { ended: { promise } }: Workload,
  signal: AbortSignal,
  milliseconds: number,
): AsyncGenerator<LogPiece> {
  const stop = new AbortController();
  void promise.then(() => stop.abort());
  const end = AbortSignal.any([signal, stop.signal]);
  for (let line = 0; !end.aborted; line++) {
    yield { mark: String(line), bytes: Buffer.from(`module.network.aws_vpc.main: Still creating... [${line}]\n`) };
    await pause(milliseconds, end);
  }
}

/** Until the workload ends, or the signal aborts; leaves nothing behind. */
async function waitFor({ ended }: Workload, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const aborted = Promise.withResolvers<void>();
  signal.addEventListener("abort", () => aborted.resolve(), { once: true });
  await Promise.race([ended.promise, aborted.promise]);
}
