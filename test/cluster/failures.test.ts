/** Why a run failed, on a real cluster: each of the reasons that Kubernetes can be made to give here. */
import type { V1Pod } from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Launcher, WorkloadStatus } from "../../k8s-agent/launch/launcher.ts";
import type { JsonObject } from "../../src/contract/json.ts";
import { buildRun, type RunOptions } from "../launcher/build-run.ts";
import { awaitEnd, awaitOutput, awaitStatus, readLog } from "../launcher/follow-run.ts";
import { waitUntil } from "../support/wait-until.ts";
import { openLauncherPlace, type LauncherPlace, type PlacedOptions } from "./support/launcher-place.ts";

let place: LauncherPlace;
let launcher: Launcher;
beforeAll(async () => {
  place = await openLauncherPlace();
  launcher = place.create({ graces: { imagePullSeconds: 3 } }).launcher;
});
afterAll(() => place.close());

const build = (options: RunOptions) => buildRun({ image: place.image, ...options });

async function start(options: RunOptions): Promise<string> {
  const run = build(options);
  expect(await launcher.launch(run)).toMatchObject({ kind: "launched" });
  return run.order.runId;
}

/** How a run ends, once it was removed. */
async function carryOut(options: RunOptions, by: Launcher = launcher) {
  const run = build(options);
  expect(await by.launch(run)).toMatchObject({ kind: "launched" });
  const { ended, statuses } = await awaitEnd(by, run.order.runId);
  await by.remove(run.order.runId);
  return { ...ended, statuses };
}

const template = (spec: JsonObject) => ({ pod_template: { spec } });
const main = (part: JsonObject) => template({ containers: [{ name: "main", ...part }] });
const fromSecret = { valueFrom: { secretKeyRef: { name: "missing", key: "k" } } };
const fromConfigMap = { valueFrom: { configMapKeyRef: { name: "missing", key: "k" } } };
const mount = { volumeMounts: [{ name: "v", mountPath: "/v" }] };
const withVolume = (volume: JsonObject) =>
  template({ volumes: [{ name: "v", ...volume }], containers: [{ name: "main", ...mount }] });
const memory = main({ resources: { limits: { memory: "32Mi" }, requests: { memory: "16Mi" } } });

describe("a run fails, and says why:", () => {
  const cases: Record<string, [options: RunOptions, cause: object]> = {
    "the image's name is none": [{ image: "UPPER:::bad" }, { kind: "image-invalid", evidence: { container: "main" } }],
    "the image can't be pulled": [
      { image: "localhost:1/none:1" },
      {
        kind: "image-pull-failed",
        message: expect.stringContaining("localhost:1/none:1"),
        evidence: { container: "main" },
      },
    ],
    "a variable's Secret is missing": [
      { job: main({ env: [{ name: "A", ...fromSecret }] }) },
      { kind: "secret-missing", message: expect.stringContaining("missing") },
    ],
    "a variable's config map is missing": [
      { job: main({ env: [{ name: "A", ...fromConfigMap }] }) },
      { kind: "config-map-missing", message: expect.stringContaining("missing") },
    ],
    "a volume's Secret is missing": [
      { job: withVolume({ secret: { secretName: "missing" } }) },
      { kind: "secret-missing", evidence: { event: expect.stringContaining("FailedMount") } },
    ],
    "the command isn't there": [
      { job: { command: ["no-such-program"] } },
      { kind: "start-failed", message: expect.stringContaining("no-such-program") },
    ],
    "main runs out of memory": [
      { script: "tail /dev/zero", job: memory },
      { kind: "out-of-memory", evidence: { container: "main", limit: "32Mi" } },
    ],
    "a child of main runs out of memory, and main exits 0": [
      { script: "tail /dev/zero; exit 0", job: memory },
      { kind: "out-of-memory", evidence: { container: "main", exitCode: 0 } },
    ],
    "its volume's limit is passed": [
      {
        script: "dd if=/dev/zero of=/v/x bs=1M count=50; sleep 300",
        job: withVolume({ emptyDir: { sizeLimit: "5Mi" } }),
      },
      { kind: "evicted", message: expect.stringContaining("5Mi") },
    ],
    "a file of its own is in the way of setup": [
      { values: { files: { a: "1", "a/b": "2" } } },
      { kind: "setup-failed", message: expect.stringContaining("a/b"), evidence: { container: "setup" } },
    ],
  };
  test.concurrent.each(Object.entries(cases))("%s", async (_, [options, cause]) => {
    expect((await carryOut({ script: "exit 0", ...options })).cause).toMatchObject(cause);
  });

  test("no node fits, for as long as that is waited for", async () => {
    const { launcher: impatient } = place.create({ graces: { pendingSeconds: 4 } });
    const { cause } = await carryOut({ script: "exit 0", job: template({ nodeSelector: { no: "such" } }) }, impatient);
    expect(cause).toMatchObject({ kind: "unschedulable", evidence: { limit: 4 } });
  });

  test("the namespace's quota is zero, at the pod and at the Job", async () => {
    const other = await openLauncherPlace();
    const { core, namespace } = other.stage;
    const setQuota = (name: string, hard: Record<string, string>) =>
      core.createNamespacedResourceQuota({ namespace, body: { metadata: { name }, spec: { hard } } });
    const { launcher: limited } = other.create();
    await setQuota("no-pods", { pods: "0" });
    await waitUntil("the quota is known", async () => {
      const { status } = await core.readNamespacedResourceQuota({ namespace, name: "no-pods" });
      return status?.hard?.["pods"] === "0";
    });
    expect((await carryOut({ script: "exit 0" }, limited)).cause).toMatchObject({
      kind: "quota-exceeded",
      evidence: { event: expect.stringContaining("no-pods") },
    });
    await setQuota("no-jobs", { "count/jobs.batch": "0" });
    await waitUntil("the quota is known", async () => {
      const { status } = await core.readNamespacedResourceQuota({ namespace, name: "no-jobs" });
      return status?.hard?.["count/jobs.batch"] === "0";
    });
    const run = build({ script: "exit 0" });
    expect(await limited.launch(run)).toMatchObject({ kind: "refused", reason: "quota-exceeded" });
    const { items } = await core.listNamespacedSecret({ namespace });
    expect(items.filter(({ metadata }) => metadata?.name?.startsWith("run-"))).toEqual([]);
    await other.close();
  });

  test("no agent was there when its Job's own deadline was over", async () => {
    const { launcher: brief } = place.create({
      settings: { graceSeconds: 2, backstopSeconds: 8 },
    } satisfies PlacedOptions);
    const script = "trap 'exit 9' TERM; while :; do sleep 0.1; done";
    const { cause } = await carryOut({ script, values: { timeout: 1 } }, brief);
    expect(cause).toMatchObject({ kind: "deadline", evidence: { limit: expect.any(Number) } });
  });
});

describe("somebody meddles:", () => {
  const loop = "trap 'exit 9' TERM; echo ready; while :; do sleep 0.1; done";
  const listPods = async (runId: string): Promise<V1Pod[]> => {
    const { core, namespace } = place.stage;
    const { items } = await core.listNamespacedPod({
      namespace,
      labelSelector: `container-driver.dev/run-id=${runId}`,
    });
    return items;
  };
  const getOnlyPod = async (runId: string): Promise<{ namespace: string; name: string; pod: V1Pod }> => {
    const [pod] = await listPods(runId);
    return { namespace: place.stage.namespace, name: pod?.metadata?.name ?? "", pod: pod ?? {} };
  };

  test("the pod is deleted, and no other takes its place for long", async () => {
    const runId = await start({ script: loop });
    const watched = awaitEnd(launcher, runId);
    await awaitOutput(launcher, runId, "ready");
    const { namespace, name } = await getOnlyPod(runId);
    await place.stage.core.deleteNamespacedPod({ namespace, name });
    const { ended } = await watched;
    expect(ended.cause).toMatchObject({
      kind: "pod-deleted",
      message: "Cannot finish the run: somebody deleted its pod",
    });
    await waitUntil("no pod of the run is left", async () => (await listPods(runId)).length === 0);
    expect(await launcher.list()).toContain(runId);
    await launcher.remove(runId);
  });

  test("the Job is deleted", async () => {
    const runId = await start({ script: loop });
    const watched = awaitEnd(launcher, runId);
    await awaitOutput(launcher, runId, "ready");
    const { batch, namespace } = place.stage;
    await batch.deleteNamespacedJob({ namespace, name: `run-${runId}`, propagationPolicy: "Background" });
    expect((await watched).ended.cause).toMatchObject({
      kind: "pod-deleted",
      message: "Cannot finish the run: somebody deleted its Job",
    });
    await launcher.remove(runId);
  });

  test("a second pod of the Job, made by hand, is removed; the run says so and takes nothing of it", async () => {
    const runId = await start({ script: `echo ready; sleep 4; echo '{"own":true}' > "$OUTPUTS_FILE"` });
    const statuses: WorkloadStatus[] = [];
    const watched = (async () => {
      for await (const status of launcher.watch(runId, { signal: AbortSignal.timeout(60_000) })) statuses.push(status);
    })();
    await awaitStatus(launcher, { runId, kind: "running" });
    const { namespace, pod } = await getOnlyPod(runId);
    const { labels, ownerReferences } = pod.metadata ?? {};
    const forged = `run-${runId}-forged`;
    await place.stage.core.createNamespacedPod({
      namespace,
      body: {
        metadata: { name: forged, labels: labels ?? {}, ownerReferences: ownerReferences ?? [] },
        spec: {
          restartPolicy: "Never",
          containers: [{ name: "main", image: place.image, command: ["sh", "-c", "echo forged; sleep 300"] }],
        },
      },
    });
    const log = (await readLog(launcher, runId)).toString();
    await watched;
    expect(statuses).toContainEqual({ kind: "warning", message: expect.stringContaining(forged) });
    expect(statuses.at(-1)).toMatchObject({
      kind: "ended",
      collected: { outputs: { value: { values: { own: true } } } },
    });
    expect(log).toBe("ready\n");
    await waitUntil("the forged pod is gone", async () =>
      (await listPods(runId)).every(({ metadata }) => metadata?.name !== forged),
    );
    await launcher.remove(runId);
  });

  test("a container of the template that never ends doesn't hold the run up", async () => {
    const proxy = {
      name: "proxy",
      image: place.image,
      command: ["sh", "-c", "trap 'exit 0' TERM; while :; do sleep 0.1; done"],
    };
    const { cause, collected } = await carryOut({
      script: `echo '{"a":1}' > "$OUTPUTS_FILE"`,
      job: template({ containers: [{ name: "main" }, proxy] }),
    });
    expect(cause).toEqual({ kind: "exited", exitCode: 0 });
    expect(collected).toMatchObject({ outputs: { value: { values: { a: 1 } } } });
  });
});

test("an ordinary run costs five calls", async () => {
  const { launcher: own, api } = place.create();
  await own.list();
  const before = new Map(api.calls);
  const run = build({ script: "echo hello" });
  const { runId } = run.order;
  await own.launch(run);
  await Promise.all([awaitEnd(own, runId), readLog(own, runId)]);
  await own.remove(runId);
  const spent = [...api.calls].map(([verb, count]) => [verb, count - (before.get(verb) ?? 0)] as const);
  expect(Object.fromEntries(spent.filter(([verb, count]) => count > 0 && !/^(list|watch) /.test(verb)))).toEqual({
    "create secrets": 1,
    "create jobs": 1,
    "get pods/log": 2,
    "delete secrets": 1,
  });
});
