/** A cluster whose parts are killed under an agent and its runs, and come back. Nobody else can use it meanwhile. */
import { setTimeout as delay } from "node:timers/promises";
import type { CoreV1Api, V1Node } from "@kubernetes/client-node";
import { expect, test } from "vitest";
import { createClusterApi } from "../../../k8s-agent/kubernetes/api/create-cluster-api.ts";
import { listExecutions } from "../../faults/counted-run.ts";
import { awaitEvent, listPhases, readAllEvents } from "../../faults/run-story.ts";
import { createGuresid, readMessage, readValues } from "../../support/driver-client.ts";
import { readRunId } from "../../support/story.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { openFaultStage } from "../faults/fault-stage.ts";
import { buildCountedPodRequest } from "../faults/pod-run.ts";
import { awaitEnd, expectSettledOnce } from "../faults/settled.ts";
import { silentLogger, type ClusterStage } from "../support/cluster-stage.ts";
import { findPower } from "./powers.ts";

const awaySeconds = 120;
const most = { timeout: 600_000 };

test("the API server is killed, is away for two minutes, and no run fails", most, async (context) => {
  const apiServer = findPower("apiServer");
  const stage = await openFaultStage(context);
  const { witness } = stage;
  const driver = await stage.openFrontDoor();
  await stage.startAgent();
  const runs = ["meanwhile", "later", "new"].map((label) => {
    const request = buildCountedPodRequest({ witness, label, waits: label !== "new" });
    return { label, guresid: createGuresid(), request };
  });
  const place = async (label: string) => {
    const { guresid, request } = runs.find((run) => run.label === label) ?? expect.unreachable();
    return readRunId(await driver.put(guresid, request));
  };
  const ids = [await place("meanwhile"), await place("later")];
  await Promise.all([witness.await("meanwhile.here"), witness.await("later.here")]);
  for (const runId of ids) await awaitEvent(stage, runId, "running");

  await apiServer.takeAway();
  context.onTestFinished(() => apiServer.bringBack());
  const back = delay(awaySeconds * 1000);
  // One main ends while nobody can be told, and one run is asked for.
  ids.push(await place("new"));
  await witness.write("meanwhile.go");
  await back;
  for (const runId of ids) expect(listPhases(await readAllEvents(stage, runId)).at(-1)).not.toBe("failed");
  await apiServer.bringBack();

  await witness.write("later.go");
  for (const { label, guresid, request } of runs)
    expect(readValues(await driver.provision(guresid, request))).toEqual({ label });
  for (const [i, { label }] of runs.entries()) await expectSettledOnce(stage, ids[i] ?? "", { label });
  await expectForgotten(stage.place);
});

/** A server that has just been started knows no version from before, so that this can be seen whatever the cluster's age is. */
async function expectForgotten({ kubeConfig, namespace }: ClusterStage): Promise<void> {
  const api = createClusterApi({ kubeConfig, logger: silentLogger, random: Math.random });
  try {
    const watch = api.watchObjects(
      { namespace, collection: "jobs", resourceVersion: "1" },
      AbortSignal.timeout(30_000),
    );
    await expect(watch.next()).rejects.toMatchObject({ status: 410 });
  } finally {
    await api.close();
  }
}

test("a node that is lost fails its run, and says so", most, async (context) => {
  const kubelet = findPower("kubelet");
  const stage = await openFaultStage(context);
  const { witness, place } = stage;
  const driver = await stage.openFrontDoor();
  await stage.startAgent();
  // Pods stay for five minutes on a node that isn't heard of, if they don't say otherwise.
  const keys = ["not-ready", "unreachable"].map((state) => `node.kubernetes.io/${state}`);
  const tolerations = keys.map((key) => ({ key, operator: "Exists", effect: "NoExecute", tolerationSeconds: 1 }));
  const job = { pod_template: { spec: { tolerations } } };
  const request = buildCountedPodRequest({ witness, label: "lost", waits: true, job });
  const guresid = createGuresid();
  const runId = readRunId(await driver.put(guresid, request));
  await witness.await("lost.here");
  await awaitEvent(stage, runId, "running");

  const { core, namespace } = place;
  const { items } = await core.listNode();
  await kubelet.takeAway();
  context.onTestFinished(() => kubelet.bringBack());
  // Of a cluster whose nodes are all away Kubernetes believes that it can't see them: it doesn't mark its only node itself.
  const name = items[0]?.metadata?.name ?? "";
  await waitUntil("the node isn't heard of", async () => isUnheard(await core.readNode({ name })), { seconds: 120 });
  expect((await awaitEvent(stage, runId, "warned")).data.warning).toContain(`Node ${name} is not heard of`);
  await markLost(core, name, "add");
  context.onTestFinished(() => markLost(core, name, "remove"));
  await awaitEnd(stage, runId, 300_000);
  const events = await readAllEvents(stage, runId);
  expect(events.at(-1)?.data).toMatchObject({ phase: "failed", failure: { reason: "node-lost" } });
  expect(readMessage(await driver.provision(guresid, request))).toContain(events.at(-1)?.data.failure?.message);
  await markLost(core, name, "remove");
  await kubelet.bringBack();

  // Main has gone on meanwhile, and its pod ends: nothing starts another one.
  const isGone = async () => (await core.listNamespacedPod({ namespace })).items.length === 0;
  await waitUntil("the pod is gone", isGone, { seconds: 120 });
  expect((await listExecutions(witness)).filter((each) => each === runId)).toHaveLength(1);
  expect(await readAllEvents(stage, runId)).toEqual(events);
});

function isUnheard({ status }: V1Node): boolean {
  return status?.conditions?.find(({ type }) => type === "Ready")?.status === "Unknown";
}

/** As the node controller marks one of several. */
async function markLost(core: CoreV1Api, name: string, op: "add" | "remove"): Promise<void> {
  const taint = { key: "node.kubernetes.io/unreachable", effect: "NoExecute" };
  const { spec } = await core.readNode({ name });
  const others = (spec?.taints ?? []).filter(({ key, effect }) => key !== taint.key || effect !== taint.effect);
  const value = op === "add" ? [...others, taint] : others;
  await core.patchNode({ name, body: [{ op: "add", path: "/spec/taints", value }] });
}
