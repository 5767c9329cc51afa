/** The stage of test/faults with a cluster behind it: agents are processes, and their runs are Jobs in a namespace of its own. */
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { KubeConfig } from "@kubernetes/client-node";
import type { ClusterChoices } from "../../../src/contract/streams.ts";
import {
  openStage,
  type AgentProgram,
  type ProgramSettings,
  type Stage,
  type StageContext,
} from "../../faults/stage.ts";
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
