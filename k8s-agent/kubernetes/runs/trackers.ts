/** The runs that are followed: one tracker each, however many watch. */
import { createRunTracker, type Marks, type RunTracker, type TrackerOptions } from "./run-tracker.ts";
import { whenGone } from "./when-gone.ts";

export interface Trackers {
  has(runId: string): boolean;
  /** Give it back with `release`. */
  take(runId: string): RunTracker;
  release(tracker: RunTracker): void;
  /** Tells who follows the run, now or later, that we stop it. */
  mark(runId: string, marks: Marks): void;
  /** The run was removed: whoever still watches sees it end, and nobody new does. */
  forget(runId: string): void;
  close(): void;
}

export interface TrackersOptions extends Omit<TrackerOptions, "runId" | "getKey" | "marks" | "onGone"> {
  readonly getKey: (runId: string, signal: AbortSignal) => Promise<string | undefined>;
}

export function createTrackers({ getKey, logger, store, ...options }: TrackersOptions): Trackers {
  /** What has ended stays for whoever asks again, until it is gone from the cluster. */
  const current = new Map<string, RunTracker>();
  const users = new Map<RunTracker, number>();
  /** Of runs that are there, until they are gone: who follows one, or removes it, may be another replica by then. */
  const marks = new Map<string, Marks>();

  function open(runId: string): RunTracker {
    const tracker = createRunTracker({
      ...options,
      runId,
      store,
      logger: logger.child({ runId }),
      getKey: (signal) => getKey(runId, signal),
      marks: marks.get(runId),
      onGone: () => closeIfIdle(tracker),
    });
    current.set(runId, tracker);
    users.set(tracker, 0);
    return tracker;
  }

  function closeIfIdle(tracker: RunTracker): void {
    const { runId, ended, sighting } = tracker;
    const isKept = current.get(runId) === tracker && ended !== undefined && !sighting.jobGone;
    if (users.get(tracker) !== 0 || isKept) return;
    tracker.close();
    users.delete(tracker);
    if (current.get(runId) === tracker) current.delete(runId);
  }

  return {
    has: (runId) => current.has(runId),
    take(runId) {
      const tracker = current.get(runId) ?? open(runId);
      users.set(tracker, (users.get(tracker) ?? 0) + 1);
      return tracker;
    },
    release(tracker) {
      users.set(tracker, (users.get(tracker) ?? 1) - 1);
      closeIfIdle(tracker);
    },
    mark(runId, how) {
      const isKnown = marks.has(runId);
      marks.set(runId, how);
      current.get(runId)?.mark(how);
      if (!isKnown) whenGone(runId, store, () => marks.delete(runId));
    },
    forget(runId) {
      const tracker = current.get(runId);
      current.delete(runId);
      if (tracker !== undefined) closeIfIdle(tracker);
    },
    close() {
      for (const tracker of users.keys()) tracker.close();
      users.clear();
      current.clear();
    },
  };
}
