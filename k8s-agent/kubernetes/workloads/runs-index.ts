/** What there is of each run, and who wants to know of changes. */
import type { CoreV1Event, V1Job, V1Pod } from "@kubernetes/client-node";
import type { Logger } from "../../../src/log.ts";
import type { Kept } from "./decode.ts";
import type { Mirror } from "./reflect.ts";
import type { Workload } from "./workload-store.ts";

interface Collections {
  jobs: V1Job;
  pods: V1Pod;
  warnings: CoreV1Event;
}

type Objects = { readonly [C in keyof Collections]: Map<string, Collections[C]> };
type Listener = (workload: Workload) => void;

export interface RunsIndex {
  get(runId: string): Workload;
  list(): readonly string[];
  subscribe(runId: string, listener: Listener): () => void;
  /** Keeps one namespace's collection: a mirror of its own for each. */
  createMirror<C extends keyof Collections>(
    collection: C,
    decode: Mirror<Kept<Collections[C]>>["decode"],
  ): Mirror<Kept<Collections[C]>>;
}

const mostWarnings = 50;

export function createRunsIndex(logger: Logger): RunsIndex {
  const runs = new Map<string, Objects>();
  const listeners = new Map<string, Set<Listener>>();

  function get(runId: string): Workload {
    const run = runs.get(runId);
    if (run === undefined) return { job: undefined, pods: [], warnings: [] };
    const [job] = sortByTime([...run.jobs.values()], readCreation);
    return {
      job,
      pods: sortByTime([...run.pods.values()], readCreation),
      warnings: sortByTime([...run.warnings.values()], readLastTime).slice(-mostWarnings),
    };
  }

  /** A listener that throws is its own trouble, not the watch's, nor that of the next listener. */
  function emit(runId: string): void {
    const interested = listeners.get(runId);
    if (interested === undefined) return;
    const workload = get(runId);
    for (const listener of Array.from(interested)) {
      try {
        listener(workload);
      } catch (err) {
        logger.error({ runId, err }, "A listener of workloads failed");
      }
    }
  }

  function createMirror<C extends keyof Collections>(
    collection: C,
    decode: Mirror<Kept<Collections[C]>>["decode"],
  ): Mirror<Kept<Collections[C]>> {
    const known = new Map<string, { readonly runId: string; readonly version: string }>();

    function put({ runId, key, version, object }: Kept<Collections[C]>): void {
      const before = known.get(key);
      if (before?.version === version && before.runId === runId) return;
      // Whoever changes a label moves the object to another run.
      if (before !== undefined && before.runId !== runId) drop(key, before.runId);
      known.set(key, { runId, version });
      const run = runs.get(runId) ?? { jobs: new Map(), pods: new Map(), warnings: new Map() };
      runs.set(runId, run);
      run[collection].set(key, object);
      emit(runId);
    }

    function drop(key: string, runId: string): void {
      known.delete(key);
      const run = runs.get(runId);
      if (!run?.[collection].delete(key)) return;
      if (run.jobs.size + run.pods.size + run.warnings.size === 0) runs.delete(runId);
      emit(runId);
    }

    return {
      decode,
      put,
      remove({ key }) {
        const before = known.get(key);
        if (before !== undefined) drop(key, before.runId);
      },
      replace(all) {
        const present = new Set(all.map(({ key }) => key));
        for (const [key, { runId }] of known) if (!present.has(key)) drop(key, runId);
        for (const one of all) put(one);
      },
    };
  }

  return {
    get,
    list: () => [...runs].filter(([, { jobs, pods }]) => jobs.size + pods.size > 0).map(([runId]) => runId),
    subscribe(runId, listener) {
      const interested = listeners.get(runId) ?? new Set();
      listeners.set(runId, interested.add(listener));
      return () => {
        interested.delete(listener);
        if (interested.size === 0 && listeners.get(runId) === interested) listeners.delete(runId);
      };
    },
    createMirror,
  };
}

function readCreation({ metadata }: V1Job | V1Pod): Date | undefined {
  return metadata?.creationTimestamp;
}

function readLastTime(event: CoreV1Event): Date | undefined {
  return event.series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp;
}

/** Oldest first; of the same second, in the order in which they came. */
function sortByTime<T>(objects: T[], read: (object: T) => Date | undefined): T[] {
  return objects.sort((a, b) => (read(a)?.getTime() ?? 0) - (read(b)?.getTime() ?? 0));
}
