/** A cluster in which nothing happens by itself: a test says what there is of a run, and what the API server allows. */
import type { V1ContainerState, V1Job, V1Pod } from "@kubernetes/client-node";
import { createConsoleLogger } from "../../../src/log.ts";
import type { ClusterApi } from "../api/cluster-api.ts";
import { createRunsIndex } from "../workloads/runs-index.ts";
import type { WorkloadStore } from "../workloads/workload-store.ts";

export const runId = "01jd0v8e3k7xw2m4n6p8q0r1s2";

export interface ScriptedCluster {
  readonly api: ClusterApi;
  readonly store: WorkloadStore;
  /** What the API server is asked for, such as `haltJob`; each call may be given another answer. */
  readonly asked: string[];
  answer(change: Partial<ClusterApi>): void;
  /** Job and pod appear, or change. */
  show(objects: { readonly job?: V1Job; readonly pod?: V1Pod }): void;
  /** All that there is of the run is gone, as when another replica removes it. */
  clear(): void;
}

export const quiet = createConsoleLogger({ write: () => undefined, now: () => new Date(0), level: "error" });

export function createScriptedCluster(): ScriptedCluster {
  const index = createRunsIndex(quiet);
  const decode = () => undefined;
  const jobs = index.createMirror("jobs", decode);
  const pods = index.createMirror("pods", decode);
  const asked: string[] = [];
  let answers: Partial<ClusterApi> = {};
  let version = 0;

  function ask<C extends Exclude<keyof ClusterApi, "calls">>(call: C, usual: ClusterApi[C]): ClusterApi[C] {
    const asking = (...given: unknown[]): unknown => {
      asked.push(call);
      const answer = (answers[call] ?? usual) as (...given: unknown[]) => unknown;
      return answer(...given);
    };
    return asking as ClusterApi[C];
  }

  return {
    store: { ready: async () => {}, isCurrent: () => true, ...index, close: () => {} },
    api: {
      createSecret: ask("createSecret", async () => ({ kind: "created", uid: "secret" })),
      createJob: ask("createJob", async () => ({ kind: "created", uid: "job" })),
      readSecret: ask("readSecret", async () => undefined),
      readJob: ask("readJob", async () => undefined),
      deleteSecret: ask("deleteSecret", async () => {}),
      haltJob: ask("haltJob", async () => {}),
      deletePod: ask("deletePod", async () => {}),
      openLog: ask("openLog", async () => ({ kind: "not-yet", message: "waiting" })),
      calls: new Map(),
    },
    asked,
    answer: (change) => void (answers = { ...answers, ...change }),
    show({ job, pod }) {
      version += 1;
      if (job !== undefined) jobs.put({ runId, key: "job", version: `${version}`, object: job });
      if (pod !== undefined) pods.put({ runId, key: "pod", version: `${version}`, object: pod });
    },
    clear() {
      jobs.replace([]);
      pods.replace([]);
    },
  };
}

const metadata = { namespace: "runs", name: `run-${runId}`, creationTimestamp: new Date(0) };

export const job: V1Job = {
  metadata: { ...metadata, uid: "job" },
  spec: { template: {}, activeDeadlineSeconds: 600 },
};

/** The run's pod, by what its containers do. */
export function buildPod(states: Readonly<Record<string, V1ContainerState>>): V1Pod {
  const base = { image: "x", imageID: "", ready: false, restartCount: 0 };
  const statuses = Object.entries(states).map(([name, state]) => ({ ...base, name, state }));
  return {
    metadata: { ...metadata, name: `${metadata.name}-1`, uid: "pod" },
    spec: { containers: [{ name: "main", image: "x" }] },
    status: {
      phase: "Pending",
      containerStatuses: statuses.filter(({ name }) => name === "main"),
      initContainerStatuses: statuses.filter(({ name }) => name !== "main"),
    },
  };
}
