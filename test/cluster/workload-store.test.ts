import type { V1Job, V1Pod } from "@kubernetes/client-node";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createClusterApi, type ClusterClient } from "../../k8s-agent/kubernetes/api/create-cluster-api.ts";
import { buildWorkloadName, labels } from "../../k8s-agent/job/names.ts";
import { createWorkloadStore } from "../../k8s-agent/kubernetes/workloads/create-workload-store.ts";
import type { Workload, WorkloadStore } from "../../k8s-agent/kubernetes/workloads/workload-store.ts";
import { waitUntil } from "../support/wait-until.ts";
import { startApiProxy, type ApiProxy } from "./support/api-proxy.ts";
import { buildLabels, buildScriptJob, createRunId } from "./support/build-objects.ts";
import { openClusterStage, silentLogger, type ClusterStage } from "./support/cluster-stage.ts";

const cluster = "here";

let stage: ClusterStage;
let proxy: ApiProxy;
let api: ClusterClient;
let ending: AbortController;
let store: WorkloadStore;

beforeAll(async () => {
  stage = await openClusterStage();
});

afterAll(async () => {
  await stage.close();
});

beforeEach(async () => {
  ending = new AbortController();
  proxy = await startApiProxy(stage.kubeConfig);
  const pauses = { firstMilliseconds: 20, mostMilliseconds: 200 };
  const { kubeConfig } = proxy;
  const attemptMilliseconds = 1000;
  api = createClusterApi({ kubeConfig, logger: silentLogger, random: Math.random, pauses, attemptMilliseconds });
  store = openStore();
  await store.ready(ending.signal);
});

afterEach(async () => {
  store.close();
  ending.abort(new Error("the test is over"));
  await api.close();
  await proxy.close();
});

function openStore(options: { silenceMilliseconds?: number; namespaces?: readonly string[] } = {}): WorkloadStore {
  return createWorkloadStore({
    api,
    namespaces: [stage.namespace],
    cluster,
    logger: silentLogger,
    random: Math.random,
    signal: ending.signal,
    pauses: { firstMilliseconds: 20, mostMilliseconds: 200 },
    ...options,
  });
}

interface Made {
  readonly runId: string;
  readonly job: V1Job;
  remove(): Promise<void>;
}

/** A Job; without a pod if not told otherwise. */
async function makeJob(options: { script?: string; parallelism?: number; cluster?: string } = {}): Promise<Made> {
  const runId = createRunId();
  const { namespace, batch } = stage;
  const body = buildScriptJob({ namespace, cluster, runId, script: "true", parallelism: 0, ...options });
  const job = await batch.createNamespacedJob({ namespace, body });
  return {
    runId,
    job,
    async remove() {
      await batch.deleteNamespacedJob({ namespace, name: buildWorkloadName(runId), propagationPolicy: "Background" });
    },
  };
}

const isThere = ({ runId }: Made, where = store) => where.get(runId).job !== undefined;
const seen = (made: Made) => waitUntil("the store has it", () => isThere(made));
const gone = (made: Made) => waitUntil("the store has it no more", () => !isThere(made));
const countRequests = (part: string) => proxy.requests.filter((request) => request.includes(part)).length;
const isWatch =
  (plural: string) =>
  ({ url }: { url: string }) =>
    url.includes(`/${plural}?`) && url.includes("watch=true");

describe("what is kept", () => {
  test("a run's Job and pod, from nothing to their end, change by change and in order", async () => {
    const runId = createRunId();
    const changes: Workload[] = [];
    const unsubscribe = store.subscribe(runId, (workload) => changes.push(workload));
    const { namespace, batch } = stage;
    const body = buildScriptJob({ namespace, cluster, runId, script: "exit 3" });
    await batch.createNamespacedJob({ namespace, body });
    const ended = await waitUntil(
      "main has ended",
      () => changes.find(({ pods }) => pods[0]?.status?.containerStatuses?.[0]?.state?.terminated !== undefined),
      { seconds: 60 },
    );
    expect(ended.pods[0]?.status?.containerStatuses?.[0]?.state?.terminated).toMatchObject({
      exitCode: 3,
      finishedAt: expect.any(Date),
    });
    await waitUntil("the Job has ended", () => store.get(runId).job?.status?.conditions?.length === 1, { seconds: 60 });
    expect(changes.at(-1)).toEqual(store.get(runId));
    for (const versions of [
      listVersions(changes.map(({ job }) => job)),
      listVersions(changes.map(({ pods }) => pods[0])),
    ]) {
      expect(versions.length).toBeGreaterThan(3);
      expect(versions).toEqual(versions.toSorted((a, b) => a - b));
    }
    expect(store.list()).toContain(runId);
    unsubscribe();
    const before = changes.length;
    await batch.deleteNamespacedJob({ namespace, name: buildWorkloadName(runId), propagationPolicy: "Background" });
    await waitUntil("nothing is left", () => !store.list().includes(runId), { seconds: 60 });
    expect(store.get(runId)).toMatchObject({ job: undefined, pods: [] });
    expect(changes).toHaveLength(before);
  });

  function listVersions(objects: readonly (V1Job | V1Pod | undefined)[]): number[] {
    return objects.flatMap((object) => Number(object?.metadata?.resourceVersion ?? []));
  }

  test("the oldest pod comes first, whoever made the others", async () => {
    const made = await makeJob();
    const { namespace, core } = stage;
    const metadata = { labels: buildLabels(cluster, made.runId) };
    const spec = { containers: [{ name: "main", image: "localhost/pause:1" }], nodeSelector: { nowhere: "at-all" } };
    const names: string[] = [];
    for (const letter of ["b", "a"]) {
      const name = `${buildWorkloadName(made.runId)}-${letter}`;
      const { metadata: own } = await core.createNamespacedPod({
        namespace,
        body: { metadata: { ...metadata, name }, spec },
      });
      names.push(name);
      // Kubernetes counts in seconds.
      const born = own?.creationTimestamp?.getTime() ?? 0;
      await waitUntil("the next second has begun", () => Date.now() > born + 1000);
    }
    await waitUntil("both are there", () => store.get(made.runId).pods.length === 2);
    expect(store.get(made.runId).pods.map(({ metadata }) => metadata?.name)).toEqual(names);

    const warned = await waitUntil("they can't be scheduled", () => {
      const { warnings } = store.get(made.runId);
      return new Set(warnings.map(({ involvedObject }) => involvedObject.name)).size === 2 && warnings;
    });
    expect(warned[0]).toMatchObject({ reason: "FailedScheduling", type: "Warning" });
    expect(warned[0]?.lastTimestamp ?? warned[0]?.eventTime).toBeInstanceOf(Date);
    expect(warned[0]?.message).toContain("0/1 nodes are available");

    await made.remove();
    await gone(made);
    expect(store.list()).toContain(made.runId);
    for (const name of names) await core.deleteNamespacedPod({ namespace, name, gracePeriodSeconds: 0 });
    await waitUntil("nothing is left", () => !store.list().includes(made.runId));
  });

  test("of no other cluster, no other namespace, and nothing that only looks like a run's", async () => {
    const foreign = await makeJob({ cluster: "elsewhere" });
    const { namespace, batch } = stage;
    const runId = createRunId();
    for (const changed of [
      { name: "another-name" },
      { labels: { ...buildLabels(cluster, runId), [labels.runId]: "x" } },
    ]) {
      const body = buildScriptJob({ namespace, cluster, runId, script: "true", parallelism: 0 });
      Object.assign(body.metadata ?? {}, changed);
      await batch.createNamespacedJob({ namespace, body });
    }
    const own = await makeJob();
    await seen(own);
    expect(store.list()).toEqual([own.runId]);
    expect(store.get(foreign.runId)).toEqual({ job: undefined, pods: [], warnings: [] });
    await own.remove();
  });

  test("without what nobody reads", async () => {
    const made = await makeJob({ script: "x".repeat(1000) });
    await seen(made);
    const kept = JSON.stringify(store.get(made.runId).job);
    expect(JSON.stringify(made.job)).toContain("managedFields");
    expect(kept).not.toContain("managedFields");
    expect(kept.length).toBeLessThan(1500);
    await made.remove();
  });

  test("six hundred Jobs, in pages", async () => {
    const runIds = Array.from({ length: 600 }, createRunId);
    const { namespace, batch } = stage;
    const jobs = runIds.map((runId) => buildScriptJob({ namespace, cluster, runId, script: "true", parallelism: 0 }));
    for (let i = 0; i < jobs.length; i += 50)
      await Promise.all(jobs.slice(i, i + 50).map((job) => stage.api.createJob(job, ending.signal)));
    const before = proxy.requests.length;
    const other = openStore();
    await other.ready(ending.signal);
    expect(new Set(other.list())).toEqual(new Set(runIds));
    expect(proxy.requests.slice(before).filter((request) => request.includes("continue="))).toHaveLength(1);
    other.close();
    await batch.deleteCollectionNamespacedJob({ namespace, propagationPolicy: "Background" });
    await waitUntil("they are gone", () => store.list().length === 0, { seconds: 60 });
  });
});

describe("listeners", () => {
  test("one that throws keeps nobody from hearing", async () => {
    const runId = createRunId();
    let heard = 0;
    store.subscribe(runId, () => {
      throw new Error("a listener's own trouble");
    });
    store.subscribe(runId, () => heard++);
    const { namespace, batch } = stage;
    const body = buildScriptJob({ namespace, cluster, runId, script: "true", parallelism: 0 });
    await batch.createNamespacedJob({ namespace, body });
    await waitUntil("the second has heard", () => heard > 0);
    const watches = countRequests("watch=true");
    await batch.deleteNamespacedJob({ namespace, name: buildWorkloadName(runId) });
    await waitUntil("the second has heard of the end", () => store.get(runId).job === undefined);
    expect(countRequests("watch=true")).toBe(watches);
  });

  test("one that ends itself while it hears is called no more; ending twice is fine", async () => {
    const runId = createRunId();
    let heard = 0;
    const unsubscribe = store.subscribe(runId, () => {
      heard++;
      unsubscribe();
      unsubscribe();
    });
    const { namespace, batch } = stage;
    const body = buildScriptJob({ namespace, cluster, runId, script: "true", parallelism: 0 });
    await batch.createNamespacedJob({ namespace, body });
    await waitUntil("it has heard", () => heard > 0);
    await batch.deleteNamespacedJob({ namespace, name: buildWorkloadName(runId) });
    await waitUntil("it is gone", () => store.get(runId).job === undefined);
    expect(heard).toBe(1);
  });
});

describe("a watch", () => {
  test("that is cut is resumed where it was, without a list", async () => {
    const first = await makeJob();
    await seen(first);
    const lists =
      countRequests("/jobs?") - proxy.requests.filter((request) => /\/jobs\?.*watch=true/.test(request)).length;
    proxy.cut();
    const second = await makeJob();
    await seen(second);
    await first.remove();
    await gone(first);
    await second.remove();
    const now =
      countRequests("/jobs?") - proxy.requests.filter((request) => /\/jobs\?.*watch=true/.test(request)).length;
    expect(now).toBe(lists);
  });

  // What the real server says of such a version is in outages: a young one hasn't forgotten any.
  test.each([
    ["as an answer", { status: 410, body: '{"kind":"Status","code":410,"reason":"Expired"}' }],
    ["as an event", { status: 200, body: '{"type":"ERROR","object":{"kind":"Status","code":410}}\n' }],
    ["as nonsense", { status: 200, body: "{nonsense\n" }],
  ])("that can't be resumed, %s, leads to a list, which tells what is gone", async (_, answer) => {
    const lost = await makeJob();
    await seen(lost);
    const restore = proxy.refuse();
    await lost.remove();
    const found = await makeJob();
    proxy.answer(isWatch("jobs"), [answer]);
    restore();
    await seen(found);
    await gone(lost);
    await found.remove();
  });

  test("that falls silent is given up, and all is listed again", async () => {
    const quiet = openStore({ silenceMilliseconds: 500 });
    await quiet.ready(ending.signal);
    await waitUntil("the watches are open", () => proxy.countStreams() === 6);
    proxy.stall();
    const made = await makeJob();
    await waitUntil("the store has it", () => isThere(made, quiet));
    quiet.close();
    await made.remove();
  });

  test("outlives an API server that is away: what is known stays, what was missed comes", async () => {
    const first = await makeJob();
    await seen(first);
    const restore = proxy.refuse();
    const attempts = api.calls.get("watch jobs") ?? 0;
    await first.remove();
    const second = await makeJob();
    await waitUntil("it was tried often", () => (api.calls.get("watch jobs") ?? 0) > attempts + 10);
    expect([isThere(first), isThere(second), api.isReachable()]).toEqual([true, false, false]);
    restore();
    await seen(second);
    await gone(first);
    expect([api.isReachable(), store.isCurrent()]).toEqual([true, true]);
    await second.remove();
  });

  test("whose list is forbidden is tried again, and until then the store says that it isn't current", async () => {
    const forbidden = openStore({ namespaces: ["kube-system"] });
    await forbidden.ready(ending.signal);
    expect(forbidden.isCurrent()).toBe(true);
    const asks = (what: RegExp) => (request: { url: string }) =>
      /kube-system\/jobs/.test(request.url) && what.test(request.url);
    proxy.answer(asks(/watch=/), [{ status: 410, body: '{"kind":"Status","reason":"Expired","code":410}' }]);
    const refusal = { status: 403, body: '{"kind":"Status","reason":"Forbidden","code":403}' };
    proxy.answer(
      asks(/limit=/),
      Array.from({ length: 6 }, () => refusal),
    );
    proxy.cut();
    await waitUntil("the store isn't current", () => !forbidden.isCurrent());
    expect([api.isReachable(), store.isCurrent()]).toEqual([true, true]);
    await waitUntil("it is again", () => forbidden.isCurrent());
    forbidden.close();
  });

  test("polls nothing: three requests for a namespace, and no more while nothing happens", async () => {
    const own = openStore();
    await own.ready(ending.signal);
    await waitUntil("the watches are open", () => proxy.countStreams() === 6);
    const requests = proxy.requests.length;
    const made = await makeJob();
    await waitUntil("the store has it", () => isThere(made, own));
    await made.remove();
    await waitUntil("it is gone", () => !isThere(made, own));
    expect(proxy.requests).toHaveLength(requests);
    own.close();
    await waitUntil("its watches are closed", () => proxy.countStreams() === 3);
  });
});

describe("an end", () => {
  test("of waiting comes with the signal's reason, while nothing can be listed", async () => {
    const restore = proxy.refuse();
    const waiting = openStore();
    const patience = new AbortController();
    const ready = waiting.ready(patience.signal);
    patience.abort(new Error("no patience"));
    await expect(ready).rejects.toThrow("no patience");
    const closed = waiting.ready(ending.signal);
    waiting.close();
    waiting.close();
    await expect(closed).rejects.toThrow("the store was closed");
    restore();
  });
});
