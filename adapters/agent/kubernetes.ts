/** The launcher of Kubernetes Jobs, with its client and its watches. */
import { existsSync, readFileSync } from "node:fs";
import { delimiter } from "node:path";
import { KubeConfig } from "@kubernetes/client-node";
import type { JobSettings } from "../../k8s-agent/job/settings.ts";
import { createClusterApi } from "../../k8s-agent/kubernetes/api/create-cluster-api.ts";
import { createKubernetesLauncher } from "../../k8s-agent/kubernetes/kubernetes-launcher.ts";
import { createWorkloadStore } from "../../k8s-agent/kubernetes/workloads/create-workload-store.ts";
import type { KubernetesMetrics } from "../../k8s-agent/metrics/kubernetes-metrics.ts";
import type { Logger } from "../../src/log.ts";
import type { AgentConfig } from "./config.ts";
import { readGitTexts, type GitConfig } from "./git-policy.ts";
import type { OpenLauncher } from "./open-launcher.ts";

export type KubernetesConfig = Pick<
  AgentConfig,
  | "CLUSTER"
  | "GRACE_SECONDS"
  | "KUBECONFIG"
  | "NAMESPACE"
  | "NAMESPACES"
  | "SERVICE_ACCOUNTS"
  | "HELPER_IMAGE"
  | "HELPER_IMAGE_PULL_POLICY"
  | "IMAGE_PULL_SECRETS"
  | "IMAGE_PULL_GRACE_SECONDS"
  | "PENDING_SECONDS"
  | "KEEP_FAILED_SECONDS"
  | keyof GitConfig
>;

/** What every pod finds that has a service account. */
const accountDirectory = "/var/run/secrets/kubernetes.io/serviceaccount";

/** Between a run's own deadline, which an agent keeps, and that of its Job, for when there is none. */
const backstopSeconds = 60;

/** Connects to nothing yet: watches begin, and wait for a cluster that is away. Throws where none is configured. */
export function openKubernetesLauncher(
  config: KubernetesConfig,
  logger: Logger,
  { metrics }: { metrics?: KubernetesMetrics | undefined } = {},
): OpenLauncher {
  const kubeConfig = loadKubeConfig(config.KUBECONFIG);
  const settings = buildSettings(config);
  const closing = new AbortController();
  const random = Math.random;
  const api = createClusterApi({ kubeConfig, logger, random });
  const { namespaces, cluster } = settings;
  metrics?.watchCalls(api.calls);
  const feed = metrics?.measureFeed(api) ?? api;
  const store = createWorkloadStore({ api: feed, namespaces, cluster, logger, random, signal: closing.signal });
  const graces = { imagePullSeconds: config.IMAGE_PULL_GRACE_SECONDS, pendingSeconds: config.PENDING_SECONDS };
  const launcher = createKubernetesLauncher({ api, store, settings, graces, logger, now: () => new Date(), random });
  return {
    ...launcher,
    keepFailedSeconds: config.KEEP_FAILED_SECONDS,
    findProblem() {
      if (!api.isReachable()) return "the cluster's API server does not answer";
      return store.isCurrent() ? undefined : "the cluster's API server does not tell what runs there are";
    },
    async close() {
      launcher.close();
      closing.abort(new Error("Cannot watch runs: the agent was stopped"));
      store.close();
      await api.close();
    },
  };
}

function loadKubeConfig(files: string): KubeConfig {
  const [first, ...others] = files.split(delimiter).filter((file) => file !== "");
  const kubeConfig = new KubeConfig();
  if (first !== undefined) {
    kubeConfig.loadFromFile(first);
    for (const file of others) kubeConfig.mergeConfig(loadKubeConfig(file));
  } else if (existsSync(`${accountDirectory}/token`)) {
    kubeConfig.loadFromCluster();
  } else {
    throw new Error("Cannot find a cluster: KUBECONFIG is not set, and this is no pod with a service account");
  }
  return kubeConfig;
}

function buildSettings(config: KubernetesConfig): JobSettings {
  const namespace = config.NAMESPACE ?? readOwnNamespace() ?? "default";
  return {
    cluster: config.CLUSTER,
    namespace,
    namespaces: [...new Set([namespace, ...config.NAMESPACES])],
    serviceAccounts: config.SERVICE_ACCOUNTS,
    helperImage: config.HELPER_IMAGE,
    helperImagePullPolicy: config.HELPER_IMAGE_PULL_POLICY,
    imagePullSecrets: config.IMAGE_PULL_SECRETS,
    graceSeconds: config.GRACE_SECONDS,
    backstopSeconds,
    git: readGitTexts(config),
  };
}

function readOwnNamespace(): string | undefined {
  const file = `${accountDirectory}/namespace`;
  return existsSync(file) ? readFileSync(file, "utf8").trim() : undefined;
}
