import type { Logger } from "../../../src/log.ts";
import { buildSelector } from "../../job/names.ts";
import type { ClusterFeed } from "../api/cluster-feed.ts";
import type { PauseRange } from "../api/pauses.ts";
import { decodeJob, decodePod, decodeWarning } from "./decode.ts";
import { reflect, type Mirror, type ReflectOptions } from "./reflect.ts";
import { createRunsIndex, type RunsIndex } from "./runs-index.ts";
import type { WorkloadStore } from "./workload-store.ts";

export interface WorkloadStoreOptions {
  readonly api: ClusterFeed;
  /** Each has three watches. */
  readonly namespaces: readonly string[];
  /** Whose runs, as the label says it. */
  readonly cluster: string;
  readonly logger: Logger;
  readonly random: () => number;
  readonly signal: AbortSignal;
  /** Before a watch is renewed: from 200 ms to 5 s if left out. */
  readonly pauses?: PauseRange;
  /** A watch that says nothing for so long is given up: 5 minutes if left out. */
  readonly silenceMilliseconds?: number;
}

/** Starts its watches at once. */
export function createWorkloadStore({ api, signal, ...options }: WorkloadStoreOptions): WorkloadStore {
  const closing = new AbortController();
  const index = createRunsIndex(options.logger);
  const listed: Promise<void>[] = [];
  // By watch; none of them counts before its first list.
  const current: boolean[] = [];
  const ending = AbortSignal.any([signal, closing.signal]);

  function start<T>(query: ReflectOptions<T>["query"], mirror: Mirror<T>): void {
    const { promise, resolve } = Promise.withResolvers<void>();
    const number = listed.push(promise) - 1;
    current[number] = false;
    const report = (isCurrent: boolean) => void (current[number] = isCurrent);
    const replace = (all: readonly T[]) => {
      mirror.replace(all);
      resolve();
    };
    const { logger, random, pauses = defaultPauses, silenceMilliseconds = fiveMinutes } = options;
    const watched = { ...mirror, replace };
    const times = { pauses, silenceMilliseconds };
    void reflect({ feed: api, query, mirror: watched, report, logger, random, ...times, signal: ending });
  }

  for (const namespace of new Set(options.namespaces))
    startNamespace({ namespace, cluster: options.cluster, index }, start);
  const allListed = Promise.all(listed);
  return {
    ready: (waiting) => untilAborted(allListed, AbortSignal.any([waiting, ending])),
    isCurrent: () => current.every(Boolean),
    get: index.get,
    list: index.list,
    subscribe: index.subscribe,
    close: () => closing.abort(new Error("Cannot watch workloads: the store was closed")),
  };
}

const defaultPauses: PauseRange = { firstMilliseconds: 200, mostMilliseconds: 5000 };
const fiveMinutes = 300_000;

function startNamespace(
  { namespace, cluster, index }: { namespace: string; cluster: string; index: RunsIndex },
  start: <T>(query: ReflectOptions<T>["query"], mirror: Mirror<T>) => void,
): void {
  const labelSelector = buildSelector({ cluster });
  start({ namespace, collection: "jobs", labelSelector }, index.createMirror("jobs", decodeJob));
  start({ namespace, collection: "pods", labelSelector }, index.createMirror("pods", decodePod));
  start(
    { namespace, collection: "events", fieldSelector: "type=Warning" },
    index.createMirror("warnings", decodeWarning),
  );
}

/** Rejects with the signal's reason where that comes first. */
async function untilAborted(promise: Promise<unknown>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason instanceof Error ? signal.reason : new Error("Cannot wait: aborted"));
  signal.addEventListener("abort", abort);
  try {
    await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
