/** A place in a real cluster for one test file: a namespace of its own in the cluster that `KUBECONFIG` points at. */
import { randomBytes } from "node:crypto";
import { BatchV1Api, CoreV1Api, KubeConfig } from "@kubernetes/client-node";
import { createClusterApi, type ClusterClient } from "../../../k8s-agent/kubernetes/api/create-cluster-api.ts";
import { createConsoleLogger, type Logger } from "../../../src/log.ts";
import { waitUntil } from "../../support/wait-until.ts";

export interface ClusterStage {
  readonly kubeConfig: KubeConfig;
  /** Unlike any other; gone after `close`. */
  readonly namespace: string;
  /** The agent's own client. */
  readonly api: ClusterClient;
  /** The cluster's own client: what a person does there with kubectl. */
  readonly core: CoreV1Api;
  readonly batch: BatchV1Api;
  /** Removes the namespace with all that is in it. */
  close(): Promise<void>;
}

/** Makes the namespace, and waits until pods can be made in it. */
export async function openClusterStage(): Promise<ClusterStage> {
  const kubeConfig = loadKubeConfig();
  const core = kubeConfig.makeApiClient(CoreV1Api);
  const batch = kubeConfig.makeApiClient(BatchV1Api);
  const namespace = `cd-test-${randomBytes(4).toString("hex")}`;
  await core.createNamespace({ body: { metadata: { name: namespace } } });
  await waitUntil("the namespace has its service account", async () => {
    const { items } = await core.listNamespacedServiceAccount({ namespace });
    return items.some(({ metadata }) => metadata?.name === "default");
  });
  const api = createClusterApi({ kubeConfig, logger: silentLogger, random: Math.random });
  return {
    kubeConfig,
    namespace,
    api,
    core,
    batch,
    async close() {
      await api.close();
      await core.deleteNamespace({ name: namespace, gracePeriodSeconds: 0 });
    },
  };
}

export const silentLogger: Logger = createConsoleLogger({
  write: () => undefined,
  now: () => new Date(),
  level: "silent",
});

/** What `KUBECONFIG` points at; throws where it points at nothing, as a test without a cluster would prove nothing. */
export function loadKubeConfig(): KubeConfig {
  if (!process.env["KUBECONFIG"]) throw new Error("Cannot open a stage in a cluster: KUBECONFIG is not set");
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromDefault();
  return kubeConfig;
}
