/** Who is said to have stopped a run in a cluster, with an API and a store that the test plays. */
import type { V1ContainerState, V1Job, V1Pod } from "@kubernetes/client-node";
import { expect, test } from "vitest";
import { createConsoleLogger } from "../../src/log.ts";
import { annotations, containers } from "../job/names.ts";
import type { JobSettings } from "../job/settings.ts";
import type { Ended } from "../launch/launcher.ts";
import type { ClusterApi } from "./api/cluster-api.ts";
import { haltReasons } from "./diagnosis/job-state.ts";
import { createKubernetesLauncher } from "./kubernetes-launcher.ts";
import type { WorkloadStore } from "./workloads/workload-store.ts";

const runId = "01jd000000000000000000000a";
const about = { namespace: "runs", name: `run-${runId}` };
const times = { startedAt: new Date(1000), finishedAt: new Date(2000) };
const running: V1ContainerState = { running: { startedAt: times.startedAt } };
const exit = (exitCode: number): V1ContainerState => ({ terminated: { exitCode, ...times } });

/** A run whose main is in a state, which the test may change. */
function arrange(state: V1ContainerState, job: V1Job = { metadata: about }) {
  let main = state;
  const listeners = new Set<() => void>();
  const buildPod = (): V1Pod => {
    const status = { name: containers.main, image: "x", imageID: "", ready: false, restartCount: 0, state: main };
    return { metadata: { ...about, uid: "1" }, status: { containerStatuses: [status] } };
  };
  const store: WorkloadStore = {
    ready: async () => undefined,
    isCurrent: () => true,
    get: () => ({ job, pods: [buildPod()], warnings: [] }),
    list: () => [runId],
    subscribe(_, listener) {
      const tell = () => listener(store.get(runId));
      listeners.add(tell);
      return () => listeners.delete(tell);
    },
    close: () => undefined,
  };
  const api: Partial<ClusterApi> = {
    readSecret: async () => undefined,
    haltJob: async () => undefined,
    deletePod: async () => undefined,
  };
  const launcher = createKubernetesLauncher({
    api: api as ClusterApi,
    store,
    settings: { ...about, namespaces: [about.namespace] } as unknown as JobSettings,
    logger: createConsoleLogger({ write: () => undefined, now: () => new Date(0), level: "silent" }),
    now: () => new Date(3000),
    random: () => 0.5,
  });
  const end = (how: V1ContainerState) => {
    main = how;
    for (const tell of listeners) tell();
  };
  return { launcher, end, stop: () => launcher.stop(runId, { graceSeconds: 5 }), awaitEnd };

  async function awaitEnd(): Promise<Ended> {
    for await (const status of launcher.watch(runId, { signal: AbortSignal.timeout(20_000) })) {
      if (status.kind !== "ended") continue;
      launcher.close();
      return status;
    }
    throw new Error("It has not ended");
  }
}

test("a main that ends after it was asked to stop was stopped", async () => {
  const { stop, end, awaitEnd } = arrange(running);
  await stop();
  end(exit(143));
  expect(await awaitEnd()).toMatchObject({ cause: { kind: "exited", exitCode: 143 }, stopped: true });
});

test("a main that had ended before was not", async () => {
  const { stop, awaitEnd } = arrange(exit(0));
  await stop();
  expect(await awaitEnd()).toMatchObject({ stopped: false });
});

test("a main that another replica has stopped was stopped, whoever tells its end", async () => {
  const metadata = { ...about, annotations: { [annotations.halted]: haltReasons.stopped } };
  const spec = { activeDeadlineSeconds: 1, template: {} };
  const { awaitEnd } = arrange(exit(143), { metadata, spec });
  expect(await awaitEnd()).toMatchObject({ cause: { kind: "exited", exitCode: 143 }, stopped: true });
});
