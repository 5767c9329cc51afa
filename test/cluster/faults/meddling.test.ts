/**
 * What others do to a run, its place and its objects, seen through a whole agent: main is executed at most once, the run ends
 * once, its caller is told why, and nothing of it is left.
 */
import type { V1Pod } from "@kubernetes/client-node";
import { describe, expect, test } from "vitest";
import { isTerminal, type RunEvent } from "../../../src/contract/events.ts";
import { listExecutions } from "../../faults/counted-run.ts";
import { awaitEvent, readAllEvents } from "../../faults/run-story.ts";
import { createGuresid, readMessage, readValues } from "../../support/driver-client.ts";
import type { HttpAnswer } from "../../support/http.ts";
import { readLog, readRunId } from "../../support/story.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { openClusterStage, type ClusterStage } from "../support/cluster-stage.ts";
import { cluster } from "../../faults/stage.ts";
import { starve, tooLittle } from "./memory-limits.ts";
import { buildCountedPodRequest, buildPodRequest, type CountedPodRunOptions } from "./pod-run.ts";
import { shareFaultStage, waitUntilRemoved } from "./settled.ts";

/** Namespaces with a quota of zero for something. */
const quotas = { pods: "pods", jobs: "count/jobs.batch", secrets: "secrets" } as const;

const getStage = shareFaultStage(async (stage) => {
  const [api, driver, ...limited] = await Promise.all([
    stage.startApiProxy(),
    stage.openFrontDoor(),
    ...Object.values(quotas).map(openLimited),
  ]);
  const places = Object.fromEntries(Object.keys(quotas).map((name, i) => [name, limited[i]]));
  const agent = await stage.startAgent({
    kubeConfig: api.kubeConfig,
    environment: { PENDING_SECONDS: "20", NAMESPACES: limited.map(({ namespace }) => namespace).join(",") },
  });
  return { api, driver, agent, places, limited };
});

async function openLimited(resource: string): Promise<ClusterStage> {
  const place = await openClusterStage();
  const { core, namespace } = place;
  const name = "nothing-goes";
  const body = { metadata: { name }, spec: { hard: { [resource]: "0" } } };
  await core.createNamespacedResourceQuota({ namespace, body });
  await waitUntil("the quota is known", async () => {
    const { status } = await core.readNamespacedResourceQuota({ namespace, name });
    return status?.hard?.[resource] === "0";
  });
  return place;
}

/** A run of this file's agent, and what became of it once nothing happens to it any more. */
async function openRun(options: Omit<CountedPodRunOptions, "witness"> & { readonly guresid?: string }) {
  const { driver, witness, place } = getStage();
  const { guresid = createGuresid(), ...counted } = options;
  const request = buildCountedPodRequest({ witness, ...counted });
  const runId = readRunId(await driver.put(guresid, request));
  const settle = async () => readEnd(await driver.provision(guresid, request));
  const listPods = async (): Promise<V1Pod[]> => {
    const { items } = await place.core.listNamespacedPod({ namespace: place.namespace });
    return items.filter(({ metadata }) => metadata?.name?.startsWith(`run-${runId}`));
  };
  return { runId, settle, listPods };
}

interface End {
  readonly answer: HttpAnswer;
  readonly events: readonly RunEvent[];
  readonly executions: number;
}

async function readEnd(answer: HttpAnswer, place: ClusterStage = getStage().place): Promise<End> {
  const runId = readRunId(answer);
  await waitUntilRemoved(place, runId);
  const events = await readAllEvents(getStage(), runId);
  expect(events.filter(({ data }) => isTerminal(data.phase))).toEqual(events.slice(-1));
  const executions = (await listExecutions(getStage().witness)).filter((each) => each === runId).length;
  return { answer, events, executions };
}

/** Its caller was told the same as its event says. */
function expectFailure({ answer, events }: End, failure: { reason: string; evidence?: object; message?: RegExp }) {
  const { message = /./, ...rest } = failure;
  const found = events.at(-1)?.data.failure;
  expect(found).toMatchObject(rest);
  expect(found?.message).toMatch(message);
  expect(readMessage(answer)).toContain(found?.message);
}

describe.concurrent("a run whose", () => {
  const deletions: Record<string, (place: ClusterStage, names: { pod: string; run: string }) => Promise<unknown>> = {
    "pod is deleted": ({ core, namespace }, { pod: name }) => core.deleteNamespacedPod({ namespace, name }),
    "pod is deleted by force": ({ core, namespace }, { pod: name }) =>
      core.deleteNamespacedPod({ namespace, name, gracePeriodSeconds: 0 }),
    "Job is deleted": ({ batch, namespace }, { run: name }) =>
      batch.deleteNamespacedJob({ namespace, name, propagationPolicy: "Background" }),
    "Secret is deleted": ({ core, namespace }, { run: name }) => core.deleteNamespacedSecret({ namespace, name }),
  };
  test.for(Object.entries(deletions))("%s while main runs fails, and main isn't run again", async ([what, remove]) => {
    const { place, witness } = getStage();
    const label = what.replaceAll(/\W/g, "-");
    const { runId, settle } = await openRun({ label, waits: true });
    const pod = (await witness.await(`${label}.here`)).trim();
    await remove(place, { pod, run: `run-${runId}` });
    const end = await settle();
    expectFailure(end, { reason: "pod-deleted", message: /somebody deleted/ });
    expect(end.executions).toBe(1);
  });

  test("Job is deleted, but not its pod, goes on to its end", async () => {
    const { place, witness } = getStage();
    const { runId, settle } = await openRun({ label: "orphan", waits: true });
    await witness.await("orphan.here");
    const { batch, namespace } = place;
    const name = `run-${runId}`;
    await batch.deleteNamespacedJob({ namespace, name, propagationPolicy: "Orphan" });
    await waitUntil("the Job is gone", async () => {
      const { items } = await batch.listNamespacedJob({ namespace });
      return !items.some(({ metadata }) => metadata?.name === name);
    });
    await witness.write("orphan.go");
    const end = await settle();
    expect(readValues(end.answer)).toEqual({ label: "orphan" });
    expect(end.executions).toBe(1);
  });

  test.for(["setup", "collector"])(
    "%s gets too little memory fails, and says whose limit it was",
    async (container) => {
      const guresid = createGuresid();
      starve(getStage().api, { container, guresid });
      const { settle } = await openRun({ label: `no-${container}`, guresid });
      const end = await settle();
      expectFailure(end, { reason: "out-of-memory", evidence: { container, limit: tooLittle } });
      expect(end.executions).toBeLessThanOrEqual(container === "setup" ? 0 : 1);
    },
  );

  test("main runs out of memory in a child, and exits 0, fails all the same", async () => {
    const resources = { requests: { memory: "16Mi" }, limits: { memory: "16Mi" } };
    const job = { pod_template: { spec: { containers: [{ name: "main", resources }] } } };
    const { settle } = await openRun({ label: "oom", beforeRest: "tail /dev/zero || true", job });
    const end = await settle();
    expectFailure(end, { reason: "out-of-memory", evidence: { container: "main", exitCode: 0, limit: "16Mi" } });
    expect(end.executions).toBe(1);
  });

  test.for(Object.keys(quotas))("namespace has a quota of no %s fails at once, with the quota's name", async (name) => {
    const { places, driver } = getStage();
    const place = places[name] ?? expect.unreachable();
    const request = buildPodRequest("exit 0", { job: { namespace: place.namespace } });
    const end = await readEnd(await driver.provision(createGuresid(), request), place);
    expectFailure(end, { reason: "quota-exceeded", message: /nothing-goes/ });
  });
});

describe.concurrent("a run that no node takes", () => {
  // A cordoned node would take nobody else's pods either: a label that no node has is the same for this run alone.
  const choose = (label: string) => ({ pod_template: { spec: { nodeSelector: { [label]: "yes" } } } });

  test("fails when its time to wait is over", async () => {
    const { settle } = await openRun({ label: "homeless", job: choose("cd-no-such-node") });
    const end = await settle();
    expectFailure(end, { reason: "unschedulable", evidence: { limit: 20 } });
    expect(end.executions).toBe(0);
  });

  test("waits for one that comes back in time", async () => {
    const { core } = getStage().place;
    const label = `cd-${createGuresid().slice(0, 8)}`;
    const { settle, listPods } = await openRun({ label: "patient", job: choose(label) });
    await waitUntil(
      "the scheduler has looked",
      async () =>
        (await listPods()).some(({ status }) => status?.conditions?.some(({ reason }) => reason === "Unschedulable")),
      { seconds: 30 },
    );
    const { items } = await core.listNode();
    const name =
      items.find(({ spec }) => !spec?.taints?.some(({ effect }) => effect !== "PreferNoSchedule"))?.metadata?.name ??
      "";
    await core.patchNode({ name, body: [{ op: "add", path: `/metadata/labels/${label}`, value: "yes" }] });
    const end = await settle();
    await core.patchNode({ name, body: [{ op: "remove", path: `/metadata/labels/${label}` }] });
    expect(readValues(end.answer)).toEqual({ label: "patient" });
    expect(end.executions).toBe(1);
  });
});

/** The very pod of the run, helpers and key included, but for what main does. */
function forge(pod: V1Pod, script: string): V1Pod {
  const copy = structuredClone(pod);
  const { labels = {}, annotations = {}, ownerReferences = [], name = "" } = copy.metadata ?? {};
  const spec = copy.spec ?? expect.unreachable();
  delete spec.nodeName;
  for (const container of spec.containers) Object.assign(container, { command: ["/bin/sh", "-c", script], args: [] });
  return { metadata: { name: `${name}-forged`, labels, annotations, ownerReferences }, spec };
}

describe("a second pod of a run's Job", () => {
  test("is removed, the run says so, and takes nothing of it, though it has the run's own key", async () => {
    const { place, witness, bus } = getStage();
    const { core, namespace } = place;
    const { runId, settle, listPods } = await openRun({ label: "own", waits: true });
    await witness.await("own.here");
    const [own = {}] = await listPods();
    const script = `echo forged; echo '{"label": "forged"}' > "$OUTPUTS_FILE"; sleep 2`;
    const { metadata } = await core.createNamespacedPod({ namespace, body: forge(own, script) });
    const isRemoved = async () => (await listPods()).every(({ metadata: { uid } = {} }) => uid !== metadata?.uid);
    await waitUntil("the forged pod is removed", isRemoved, { seconds: 60 });
    await awaitEvent(getStage(), runId, "warned");
    await witness.write("own.go");
    const end = await settle();
    expect(readValues(end.answer)).toEqual({ label: "own" });
    const warnings = end.events.flatMap(({ data }) => data.warning ?? []);
    expect(warnings).toEqual([expect.stringContaining(metadata?.name ?? "")]);
    expect(end.executions).toBe(1);
    expect(await readLog(bus, { cluster, runId })).not.toContain("forged");
  });
});
