/**
 * Follows one run's workload for as long as somebody watches it or reads its log: says what stage it is in, reads what the
 * collector has sealed, and does what can't wait: a pod that somebody deletes must get no successor, and pods that pass for
 * the run's must go.
 */
import { pause } from "../../../src/bus/pause.ts";
import { limits } from "../../../src/contract/limits.ts";
import type { Logger } from "../../../src/log.ts";
import type { Ended, WorkloadStatus } from "../../launch/launcher.ts";
import type { ClusterApi } from "../api/cluster-api.ts";
import { diagnose } from "../diagnosis/diagnose.ts";
import { readSetupReport } from "../diagnosis/helpers.ts";
import type { Diagnosis, Graces, Sighting } from "../diagnosis/sighting.ts";
import { describeUnheardNode } from "../diagnosis/warnings.ts";
import type { WorkloadStore } from "../workloads/workload-store.ts";
import { createCollectorReader } from "./collector-reader.ts";
import { blameCollector, hasCollectorStarted } from "./collector-state.ts";
import { createGuard } from "./guard.ts";
import { createNotifier, until, type Notifier } from "./notifier.ts";
import { listIntruders, nothingSeen, sight } from "./sight.ts";
import { listNewStages } from "./stages.ts";

export interface TrackerOptions {
  readonly runId: string;
  readonly api: ClusterApi;
  readonly store: WorkloadStore;
  readonly graces: Graces;
  /** What the collector's line is sealed with. */
  readonly getKey: (signal: AbortSignal) => Promise<string | undefined>;
  readonly logger: Logger;
  readonly now: () => Date;
  /** What was said of the run before it was followed. */
  readonly marks: Marks | undefined;
  /** Its Job isn't there any more. */
  readonly onGone: () => void;
}

/** This agent stops the run, or has killed it. */
export type Marks = Partial<Pick<Sighting, "stopped" | "killed">>;

export interface RunTracker {
  readonly runId: string;
  readonly sighting: Sighting;
  /** Every status so far, in their order; `ended` is the last. */
  readonly statuses: readonly WorkloadStatus[];
  readonly ended: Ended | undefined;
  /** Why it can't be followed any more: nobody will say how it ends. Whoever asks for it anew has another try. */
  readonly failure: Error | undefined;
  /** Resolves when one of these has changed. */
  readonly changed: Notifier["changed"];
  mark(marks: Marks): void;
  /** Lets go of the workload, and does nothing more. */
  close(): void;
}

export function createRunTracker(options: TrackerOptions): RunTracker {
  const { runId, api, store, now, logger } = options;
  const letGo = new AbortController();
  const { signal } = letGo;
  const { notify, changed } = createNotifier();
  const guard = createGuard({ api, logger, signal });
  const reader = createCollectorReader({ ...options, getSighting: () => sighting, changed, signal });
  const statuses: WorkloadStatus[] = [];
  let sighting: Sighting = { ...nothingSeen, ...options.marks };
  let ended: Ended | undefined;
  let failure: Error | undefined;

  /** Says it once, and no more than is reported: somebody may make pods like ours for as long as the run lasts. */
  function warn(message: string): void {
    if (statuses.filter(({ kind }) => kind === "warning").length >= limits.warnings) return;
    if (!statuses.some((status) => status.kind === "warning" && status.message === message))
      statuses.push({ kind: "warning", message });
  }

  function look(): void {
    const workload = store.get(runId);
    sighting = sight(sighting, workload, now().getTime());
    for (const message of guard.watchOver(sighting, listIntruders(sighting, workload))) warn(message);
    const unheard = describeUnheardNode(sighting);
    if (unheard !== undefined) warn(unheard);
    if (hasCollectorStarted(sighting)) reader.start();
    notify();
    if (sighting.jobGone) options.onGone();
  }

  async function work(): Promise<void> {
    while (!signal.aborted) {
      const diagnosis = diagnose(sighting, { graces: options.graces, now: now().getTime() });
      statuses.push(...listNewStages(statuses, sighting, diagnosis));
      notify();
      if (diagnosis.kind === "ended") return finish(diagnosis);
      await waitForChange(changed, { now, recheckAt: diagnosis.recheckAt, signal });
    }
  }

  async function finish({ cause, hasRun }: Extract<Diagnosis, { kind: "ended" }>): Promise<void> {
    // Of a lost node nothing can be read any more.
    const hasFiles = cause.kind !== "node-lost" && (hasRun || statuses.some(({ kind }) => kind === "running"));
    const collected = hasFiles ? await reader.finish() : undefined;
    // Trouble that has lasted too long may pass all the same: then main must not start.
    await guard.settle(sighting);
    if (signal.aborted) return;
    const commit = readSetupReport(sighting.pod)?.commit;
    const final = collected === undefined ? blameCollector(cause, sighting, { hasRun }) : cause;
    ended = { kind: "ended", cause: final, ...(collected && { collected }), ...(commit !== undefined && { commit }) };
    statuses.push(ended);
    notify();
  }

  function fail(error: unknown): void {
    if (signal.aborted) return;
    logger.error({ err: error }, "Could not follow a run's workload");
    failure = error instanceof Error ? error : new Error("Cannot follow a run's workload", { cause: error });
    notify();
  }

  const unsubscribe = store.subscribe(runId, look);
  look();
  work().catch(fail);
  return {
    runId,
    get sighting() {
      return sighting;
    },
    statuses,
    get ended() {
      return ended;
    },
    get failure() {
      return failure;
    },
    changed,
    mark(marks) {
      sighting = { ...sighting, ...marks };
      notify();
    },
    close() {
      unsubscribe();
      letGo.abort(new Error("Cannot follow a run: it was let go"));
    },
  };
}

/** Resolves when the condition holds, or the signal aborts; rejects when the run can't be followed until then. */
export async function untilSeen(
  tracker: RunTracker,
  { condition, signal }: { condition: () => boolean; signal: AbortSignal },
): Promise<void> {
  await until(() => condition() || tracker.failure !== undefined, { changed: tracker.changed, signal });
  if (tracker.failure !== undefined && !condition() && !signal.aborted) throw tracker.failure;
}

/** Until something has changed, or it is time to look again. */
async function waitForChange(
  changed: Notifier["changed"],
  { now, recheckAt, signal }: { now: () => Date; recheckAt: number | undefined; signal: AbortSignal },
): Promise<void> {
  const turn = new AbortController();
  const either = AbortSignal.any([signal, turn.signal]);
  const waits = [changed(either)];
  if (recheckAt !== undefined) waits.push(pause(Math.max(recheckAt - now().getTime(), 0), either));
  await Promise.race(waits);
  turn.abort();
}
