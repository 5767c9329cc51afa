/** What each run's collector seals with, by run id: held as long as the run's workload is there, and no longer. */
import type { JobSettings } from "../../job/settings.ts";
import { collectorKey } from "../../sidecar/mounts.ts";
import type { ClusterApi } from "../api/cluster-api.ts";
import type { WorkloadStore } from "../workloads/workload-store.ts";
import { buildRef } from "./refs.ts";
import { whenGone } from "./when-gone.ts";

export interface CollectorKeys {
  /** Of a run that this launcher has launched, or found. */
  keep(runId: string, key: string): void;
  /** That of another replica's run is read from the run's Secret. */
  get(runId: string, signal: AbortSignal): Promise<string | undefined>;
}

export interface CollectorKeysOptions {
  readonly api: Pick<ClusterApi, "readSecret">;
  readonly store: WorkloadStore;
  readonly settings: Pick<JobSettings, "namespace">;
}

export function createCollectorKeys({ api, store, settings }: CollectorKeysOptions): CollectorKeys {
  const keys = new Map<string, string>();

  async function read(runId: string, signal: AbortSignal): Promise<string | undefined> {
    const namespace = store.get(runId).job?.metadata?.namespace ?? settings.namespace;
    const secret = await api.readSecret(buildRef(runId, namespace), signal);
    const key = secret?.data?.[collectorKey.file];
    return key === undefined ? undefined : Buffer.from(key, "base64").toString();
  }

  return {
    keep(runId, key) {
      const isKnown = keys.has(runId);
      keys.set(runId, key);
      if (!isKnown) whenGone(runId, store, () => keys.delete(runId));
    },
    get: async (runId, signal) => keys.get(runId) ?? read(runId, signal),
  };
}
