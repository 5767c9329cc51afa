/** Plain pods in a real cluster, and readers of their logs as the agent reads them. */
import { randomBytes } from "node:crypto";
import type { V1Pod } from "@kubernetes/client-node";
import { createClusterApi, type ClusterClient } from "../../../k8s-agent/kubernetes/api/create-cluster-api.ts";
import type { LogSource, MainContainer } from "../../../k8s-agent/kubernetes/logs/log-source.ts";
import { readAheadLimits } from "../../../k8s-agent/kubernetes/logs/read-ahead.ts";
import { createReadAheadBudget } from "../../../k8s-agent/logs/read-ahead-budget.ts";
import { pause } from "../../../src/bus/pause.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { openClusterStage, type ClusterStage } from "../support/cluster-stage.ts";
import { openCutter, type Cutter } from "./cutter.ts";

export interface LogStage {
  /** Starts a pod whose main runs a shell script of busybox. Its name has something of its own: tests are tried again. */
  startPod(title: string, script: string): Promise<Watched>;
  /** Between the readers and the API server. */
  readonly cutter: Cutter;
  close(): Promise<void>;
}

export interface Watched {
  readonly name: string;
  readonly uid: string;
  /** How often its log was asked for. */
  readonly calls: number;
  readonly source: LogSource;
  waitFor(state: MainContainer["state"], options?: { seconds?: number }): Promise<unknown>;
  remove(options: { graceSeconds: number }): Promise<void>;
}

const logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => logger };

export async function openLogStage(): Promise<LogStage> {
  const stage = await openClusterStage();
  const cutter = await openCutter(stage.kubeConfig);
  const api = createClusterApi({ kubeConfig: cutter.kubeConfig, logger, random: Math.random });
  const over = new AbortController();
  return {
    cutter,
    async startPod(title, script) {
      const name = `${title}-${randomBytes(4).toString("hex")}`;
      const { metadata } = await stage.core.createNamespacedPod({
        namespace: stage.namespace,
        body: buildPod(name, script),
      });
      const uid = metadata?.uid ?? "";
      return watchPod({ stage, api, name, uid, signal: over.signal });
    },
    async close() {
      over.abort();
      await api.close();
      await cutter.close();
      await stage.close();
    },
  };
}

function buildPod(name: string, script: string): V1Pod {
  const main = { name: "main", image: "docker.io/library/busybox:1.35", command: ["sh", "-c", script] };
  return { metadata: { name }, spec: { restartPolicy: "Never", terminationGracePeriodSeconds: 1, containers: [main] } };
}

interface WatchOptions {
  readonly stage: ClusterStage;
  readonly api: ClusterClient;
  readonly name: string;
  readonly uid: string;
  readonly signal: AbortSignal;
}

/** Looks at the pod's status again and again, past the cutter: the agent has a watch for that. */
function watchPod({ stage, api, name, uid, signal }: WatchOptions): Watched {
  const ref = { namespace: stage.namespace, name };
  let state: MainContainer["state"] = "waiting";
  let isLeaving = false;
  let bell = Promise.withResolvers<void>();
  let calls = 0;

  async function look(): Promise<void> {
    while (!signal.aborted && state !== "gone") {
      const next = await stage.core.readNamespacedPod(ref).then((pod) => {
        isLeaving ||= pod.metadata?.deletionTimestamp !== undefined;
        return readState(pod);
      }, readRefusal);
      if (next !== undefined && next !== state) {
        state = next;
        bell.resolve();
        bell = Promise.withResolvers();
      }
      await pause(200, signal);
    }
  }

  void look();
  return {
    name,
    uid,
    get calls() {
      return calls;
    },
    source: {
      podUid: uid,
      openLog(request) {
        calls += 1;
        return api.openLog({ ...ref, container: "main", timestamps: true, ...request });
      },
      container: {
        get state() {
          return state;
        },
        get isLeaving() {
          return isLeaving;
        },
        changed: (until) => Promise.race([bell.promise, untilAborted(until)]),
      },
      readAheadBudget: createReadAheadBudget(readAheadLimits),
      now: () => new Date(),
      random: Math.random,
      pause,
    },
    waitFor: (wanted, options) =>
      waitUntil(`${name} is ${wanted}`, () => state === wanted, { seconds: 60, ...options }),
    async remove({ graceSeconds }) {
      await stage.core.deleteNamespacedPod({ ...ref, gracePeriodSeconds: graceSeconds });
    },
  };
}

function readState({ status }: V1Pod): MainContainer["state"] {
  const { running, terminated } = status?.containerStatuses?.[0]?.state ?? {};
  if (terminated !== undefined) return "ended";
  return running === undefined ? "waiting" : "running";
}

/** The API server may be busy with others; a pod that isn't there is gone. */
function readRefusal(error: unknown): "gone" | undefined {
  return typeof error === "object" && error !== null && "code" in error && error.code === 404 ? "gone" : undefined;
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
