/** Launchers of two replicas of one agent, in a namespace of their own. */
import type { KubeConfig } from "@kubernetes/client-node";
import type { JobSettings } from "../../../k8s-agent/job/settings.ts";
import type { Graces } from "../../../k8s-agent/kubernetes/diagnosis/sighting.ts";
import {
  createKubernetesLauncher,
  type KubernetesLauncher,
} from "../../../k8s-agent/kubernetes/kubernetes-launcher.ts";
import { createWorkloadStore } from "../../../k8s-agent/kubernetes/workloads/create-workload-store.ts";
import { createClusterApi, type ClusterClient } from "../../../k8s-agent/kubernetes/api/create-cluster-api.ts";
import { createConsoleLogger } from "../../../src/log.ts";
import { helperImage } from "./helper-pod.ts";
import { openClusterStage, type ClusterStage } from "./cluster-stage.ts";

export interface PlacedLauncher {
  readonly launcher: KubernetesLauncher;
  readonly api: ClusterClient;
  /** As a replica that dies: nothing is said, nothing is tidied up. */
  close(): Promise<void>;
}

export interface PlacedOptions {
  readonly graces?: Partial<Graces>;
  readonly settings?: Partial<JobSettings>;
  /** Of who else the launcher is; left out: who owns the cluster. */
  readonly kubeConfig?: KubeConfig;
}

export interface LauncherPlace {
  readonly stage: ClusterStage;
  /** Has `/bin/sh` and what busybox has. */
  readonly image: string;
  /** Lines of the launchers' own logs. */
  readonly logged: string[];
  create(options?: PlacedOptions): PlacedLauncher;
  /** Removes the namespace. */
  close(): Promise<void>;
}

export const testImage = "docker.io/library/busybox:1.35";

export async function openLauncherPlace(): Promise<LauncherPlace> {
  const stage = await openClusterStage();
  const logged: string[] = [];
  const logger = createConsoleLogger({ write: (line) => void logged.push(line), now: () => new Date(), level: "warn" });
  const placed: PlacedLauncher[] = [];

  function create({ graces, settings, kubeConfig = stage.kubeConfig }: PlacedOptions = {}): PlacedLauncher {
    const { namespace } = stage;
    const random = Math.random;
    const closing = new AbortController();
    const api = createClusterApi({ kubeConfig, logger, random });
    const all = buildSettings(namespace, settings);
    const { namespaces, cluster } = all;
    const store = createWorkloadStore({ api, namespaces, cluster, logger, random, signal: closing.signal });
    const now = () => new Date();
    const launcher = createKubernetesLauncher({
      api,
      store,
      settings: all,
      logger,
      now,
      random,
      ...(graces && { graces }),
    });
    const one = {
      launcher,
      api,
      async close() {
        launcher.close();
        closing.abort();
        store.close();
        await api.close();
      },
    };
    placed.push(one);
    return one;
  }

  return {
    stage,
    image: testImage,
    logged,
    create,
    async close() {
      await Promise.all(placed.map((one) => one.close()));
      await stage.close();
    },
  };
}

function buildSettings(namespace: string, settings: Partial<JobSettings> = {}): JobSettings {
  return {
    cluster: "local",
    namespace,
    namespaces: [namespace],
    serviceAccounts: [],
    helperImage,
    helperImagePullPolicy: "IfNotPresent",
    imagePullSecrets: [],
    graceSeconds: 600,
    backstopSeconds: 60,
    ...settings,
  };
}
