/** The stage of test/faults with a cluster behind it: agents are processes, and their runs are Jobs in a namespace of its own. */
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { KubeConfig } from "@kubernetes/client-node";
import { afterAll, afterEach, beforeAll } from "vitest";
import type { ClusterChoices } from "../../../src/contract/streams.ts";
import {
  openStage,
  type AgentProgram,
  type ProgramSettings,
  type Stage,
  type StageContext,
} from "../../faults/stage.ts";
import { expectRunOnce, waitUntilIdle } from "../../faults/run-story.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { startApiProxy, type ApiProxy } from "../support/api-proxy.ts";
import { openClusterStage, type ClusterStage } from "../support/cluster-stage.ts";
import { helperImage } from "../support/helper-pod.ts";
import { startPodWitness, type PodWitness } from "./pod-witness.ts";

export interface FaultStage extends Stage {
  readonly place: ClusterStage;
  readonly witness: PodWitness;
  /** An agent whose runs are Jobs; `kubeConfig`: how it reaches the API server. */
  startAgent(settings?: ClusterAgentSettings): Promise<AgentProgram>;
  startWaitingAgent(settings?: ClusterAgentSettings): Promise<AgentProgram & { letTake(): void }>;
  startApiProxy(): Promise<ApiProxy>;
}

export interface ClusterAgentSettings extends ProgramSettings {
  readonly kubeConfig?: KubeConfig;
}

/** Several stages are open at once, on machines that may be busy. */
const ackWaitSeconds = 4;

/** Opens a stage for the length of a test. */
export async function openFaultStage(context: StageContext, choices: ClusterChoices = {}): Promise<FaultStage> {
  const place = await openClusterStage();
  context.onTestFinished(() => place.close());
  const witness = await startPodWitness(place.core);
  context.onTestFinished(() => witness.close());
  const stage = await openStage(context, { ackWaitSeconds, ...choices });
  let files = 0;

  async function fill({ kubeConfig = place.kubeConfig, ...settings }: ClusterAgentSettings): Promise<ProgramSettings> {
    const file = join(stage.directory, `kubeconfig-${(files += 1)}`);
    await writeFile(file, kubeConfig.exportConfig(), { mode: 0o600 });
    const environment = {
      LAUNCHER: "kubernetes",
      KUBECONFIG: file,
      NAMESPACE: place.namespace,
      HELPER_IMAGE: helperImage,
      KEEP_FAILED_SECONDS: "0",
      // The collector has no more than that to read what main has left.
      GRACE_SECONDS: "30",
      NODE_COMPILE_CACHE: join(tmpdir(), "node-compile-cache"),
      ...settings.environment,
    };
    return { ...settings, environment };
  }

  return {
    ...stage,
    place,
    witness,
    startAgent: async (settings = {}) => stage.startAgent(await fill(settings)),
    startWaitingAgent: async (settings = {}) => stage.startWaitingAgent(await fill(settings)),
    async startApiProxy() {
      const proxy = await startApiProxy(place.kubeConfig);
      context.onTestFinished(() => proxy.close());
      return proxy;
    },
  };
}

/** Opens a stage before a file's first test, for all of them. */
export function shareFaultStage<T>(prepare: (stage: FaultStage) => Promise<T>): () => FaultStage & T {
  const closers: (() => Promise<void>)[] = [];
  const shows: (() => void)[] = [];
  let shared: (FaultStage & T) | undefined;
  beforeAll(async () => {
    const context: StageContext = {
      onTestFinished: (close) => void closers.push(close),
      onTestFailed: (show) => void shows.push(show),
    };
    const stage = await openFaultStage(context);
    shared = { ...stage, ...(await prepare(stage)) };
  });
  afterEach(({ task }) => {
    if (task.result?.state === "fail") for (const show of shows) show();
  });
  afterAll(async () => {
    for (const close of closers.toReversed()) await close();
  });
  return () => {
    if (shared === undefined) throw new Error("Cannot use the stage: it is not open");
    return shared;
  };
}

/** Waits until nothing is left in a namespace of a run, or of any run, but pods that are going by themselves. */
export async function waitUntilRemoved({ core, batch, namespace }: ClusterStage, runId = ""): Promise<void> {
  const isEmpty = async () => {
    const [jobs, pods, secrets] = await Promise.all([
      batch.listNamespacedJob({ namespace }),
      core.listNamespacedPod({ namespace }),
      core.listNamespacedSecret({ namespace }),
    ]);
    const staying = pods.items.filter(({ metadata }) => metadata?.deletionTimestamp === undefined);
    const left = [...jobs.items, ...staying, ...secrets.items];
    return !left.some(({ metadata }) => metadata?.name?.startsWith(`run-${runId}`));
  };
  await waitUntil("nothing is left in the cluster", isEmpty, { seconds: 60 });
}

/** Waits until no request is queued or held, and nothing is left of any run in the stage's namespace. */
export async function waitUntilSettled(stage: FaultStage): Promise<void> {
  await waitUntilIdle(stage, { seconds: 60 });
  await waitUntilRemoved(stage.place);
}

/** The stage has settled, and the run was executed once, told once, and its log is whole. */
export async function expectSettledOnce(stage: FaultStage, runId: string, log: { label: string; lines?: number }) {
  await waitUntilSettled(stage);
  return expectRunOnce(stage, runId, log);
}
