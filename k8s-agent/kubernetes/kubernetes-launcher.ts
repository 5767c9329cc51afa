/**
 * Runs as Kubernetes Jobs. What becomes of them comes from shared watches; what was launched is found again by its name.
 * For an ordinary run that is five calls: its Secret, its Job, main's log, the collector's log, and the Secret's end.
 */
import type { Logger } from "../../src/log.ts";
import { deriveCollectorKey } from "../../src/sealing/collector-key.ts";
import type { JobSettings } from "../job/settings.ts";
import type { Ended, Launcher, LogPiece, WorkloadStatus } from "../launch/launcher.ts";
import { createReadAheadBudget, type ReadAheadBudget } from "../logs/read-ahead-budget.ts";
import type { ClusterApi } from "./api/cluster-api.ts";
import { defaultGraces, type Graces } from "./diagnosis/sighting.ts";
import { readAheadLimits } from "./logs/read-ahead.ts";
import { readMainLog } from "./logs/read-main-log.ts";
import { createCollectorKeys } from "./runs/collector-keys.ts";
import { launchRun } from "./runs/launch-run.ts";
import { createLogSource } from "./runs/main-log-source.ts";
import { createOpenLogs, type OpenLogs } from "./runs/open-logs.ts";
import { buildRef } from "./runs/refs.ts";
import { isRemoved, removeRun } from "./runs/remove-run.ts";
import { untilSeen } from "./runs/run-tracker.ts";
import { haltRun, hurryRun, isActive, mayHaveMain } from "./runs/stop-run.ts";
import { createTrackers, type Trackers } from "./runs/trackers.ts";
import type { WorkloadStore } from "./workloads/workload-store.ts";

export interface KubernetesLauncherOptions {
  readonly api: ClusterApi;
  readonly store: WorkloadStore;
  readonly settings: JobSettings;
  readonly graces?: Partial<Graces>;
  readonly logger: Logger;
  readonly now: () => Date;
  readonly random: () => number;
}

export interface KubernetesLauncher extends Launcher {
  /** Lets go of everything; runs go on. Store and API are their maker's to close. */
  close(): void;
}

interface Context extends KubernetesLauncherOptions {
  readonly trackers: Trackers;
  readonly readAheadBudget: ReadAheadBudget;
  readonly openLogs: OpenLogs;
  /** Aborts when the launcher closes. */
  readonly closing: AbortSignal;
  /** By run id: what sees to it that a stopped run ends in time. */
  readonly hurries: Map<string, { readonly graceSeconds: number; end(): void }>;
}

export function createKubernetesLauncher(options: KubernetesLauncherOptions): KubernetesLauncher {
  const { api, store, now, settings, logger } = options;
  const closed = new AbortController();
  const keys = createCollectorKeys({ api, store, settings });
  const graces = { ...defaultGraces, ...options.graces };
  const trackers = createTrackers({ api, store, graces, logger, now, getKey: keys.get });
  const readAheadBudget = createReadAheadBudget(readAheadLimits);
  const openLogs = createOpenLogs();
  const context: Context = {
    ...options,
    trackers,
    readAheadBudget,
    openLogs,
    closing: closed.signal,
    hurries: new Map(),
  };
  return {
    name: "kubernetes",
    async launch(run, { mustExist = false, signal = closed.signal, throwIfLost, trace } = {}) {
      const key = await deriveCollectorKey(run.order.runKey);
      const either = AbortSignal.any([signal, closed.signal]);
      const how = { api, store, settings, collectorKey: key, mustExist, signal: either, throwIfLost, trace };
      const launched = await launchRun(run, how);
      if (launched.kind === "launched" || launched.kind === "existing") keys.keep(run.order.runId, key);
      return launched;
    },
    watch: (runId, { signal }) => watchRun(runId, { ...context, signal: AbortSignal.any([signal, closed.signal]) }),
    readLog: (runId, { from, signal }) =>
      readRunLog(runId, { ...context, from, signal: AbortSignal.any([signal, closed.signal]) }),
    stop: (runId, { graceSeconds }) => stopRun(runId, { ...context, graceSeconds }),
    remove: (runId) => removeAll(runId, context),
    async list() {
      await store.ready(closed.signal);
      return store.list().filter((runId) => !isRemoved(runId, store));
    },
    close() {
      closed.abort(new Error("Cannot go on: the launcher was closed"));
      trackers.close();
    },
  };
}

type Following = Context & { readonly signal: AbortSignal };

async function* watchRun(runId: string, context: Following): AsyncGenerator<WorkloadStatus> {
  const { signal } = context;
  const tracker = await openTracker(runId, context);
  if (tracker === undefined) {
    if (!signal.aborted) yield nothingThere;
    return;
  }
  try {
    // From the present status on, and no warning is left out.
    let next = tracker.statuses.findLastIndex(({ kind }) => kind !== "warning");
    if (tracker.ended === undefined) yield* tracker.statuses.slice(0, next).filter(({ kind }) => kind === "warning");
    for (next = Math.max(next, 0); !signal.aborted; next += 1) {
      await untilSeen(tracker, { condition: () => tracker.statuses.length > next, signal });
      const status = tracker.statuses[next];
      if (status === undefined || signal.aborted) return;
      // What main's end has followed is marked by whoever stops it, and only while main runs.
      yield status.kind === "ended" ? { ...status, stopped: tracker.sighting.stopped } : status;
      if (status.kind === "ended") return;
    }
  } finally {
    context.trackers.release(tracker);
  }
}

const nothingThere: Ended = {
  kind: "ended",
  cause: { kind: "lost", message: "Cannot tell how the run ended: there is no workload of it" },
};

async function* readRunLog(
  runId: string,
  context: Following & { readonly from: string | undefined },
): AsyncGenerator<LogPiece> {
  const { signal, from, openLogs } = context;
  const tracker = await openTracker(runId, context);
  if (tracker === undefined) return;
  try {
    const isDecided = () => tracker.sighting.pod !== undefined || tracker.ended !== undefined;
    await untilSeen(tracker, { condition: isDecided, signal });
    if (signal.aborted || tracker.sighting.pod === undefined) return;
    const onOpen = () => openLogs.opened(runId);
    yield* readMainLog(createLogSource(tracker, { ...context, onOpen }), { from, signal });
  } finally {
    openLogs.closed(runId);
    context.trackers.release(tracker);
  }
}

/** Undefined: there is no workload of that run, or the signal has aborted. */
async function openTracker(runId: string, { store, trackers, api, settings, signal }: Following) {
  try {
    await store.ready(signal);
    if (trackers.has(runId) || !isRemoved(runId, store)) return trackers.take(runId);
    // Another replica may have launched it a moment ago: the watch is on its way.
    for (const namespace of new Set(settings.namespaces)) {
      if ((await api.readJob(buildRef(runId, namespace), signal)) !== undefined) return trackers.take(runId);
    }
    return undefined;
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}

/** How long a node may take to say that main has started, and its log to be opened then. */
const openingMilliseconds = 5000;

async function stopRun(runId: string, context: Context & { readonly graceSeconds: number }): Promise<void> {
  const { api, store, trackers, hurries, openLogs, graceSeconds, closing, logger } = context;
  await store.ready(closing);
  if (store.get(runId).pods.some(mayHaveMain))
    await openLogs.untilOpen(runId, AbortSignal.any([closing, AbortSignal.timeout(openingMilliseconds)]));
  const found = store.get(runId);
  if (found.job === undefined && found.pods.length === 0) return;
  // It ends by itself, or has ended.
  if (found.pods.length > 0 && !found.pods.some(isActive)) return;
  trackers.mark(runId, { stopped: true });
  const ending = new AbortController();
  const signal = AbortSignal.any([closing, ending.signal]);
  const onKill = () => trackers.mark(runId, { stopped: true, killed: true });
  const options = { api, store, graceSeconds, onKill, signal };
  await haltRun(found, options);
  const before = hurries.get(runId);
  if (before !== undefined && before.graceSeconds <= graceSeconds) return;
  before?.end();
  const hurry = { graceSeconds, end: () => ending.abort() };
  hurries.set(runId, hurry);
  hurryRun(runId, options)
    .catch((error: unknown) => {
      if (!signal.aborted) logger.error({ runId, err: error }, "Could not end a run in time");
    })
    .finally(() => hurries.get(runId) === hurry && hurries.delete(runId));
}

async function removeAll(runId: string, context: Context): Promise<void> {
  const { api, store, trackers, settings, hurries, closing } = context;
  await store.ready(closing);
  hurries.get(runId)?.end();
  trackers.mark(runId, { stopped: true });
  await removeRun(runId, { api, store, namespaces: [...new Set(settings.namespaces)], signal: closing });
  trackers.forget(runId);
}
