import { setImmediate } from "node:timers/promises";
import type { V1ContainerState, V1Pod } from "@kubernetes/client-node";
import { expect, test } from "vitest";
import { buildRunWith, settings } from "../job/workloads.fixture.ts";
import type { WorkloadStatus } from "../launch/launcher.ts";
import { ApiRefusal } from "./api/cluster-api.ts";
import type { Graces } from "./diagnosis/sighting.ts";
import { createKubernetesLauncher } from "./kubernetes-launcher.ts";
import { buildPod, createScriptedCluster, job, quiet, runId } from "./runs/cluster.fixture.ts";

function arrange(graces: Partial<Graces> = {}) {
  const cluster = createScriptedCluster();
  const { api, store } = cluster;
  const now = () => new Date(1000);
  const launcher = createKubernetesLauncher({ api, store, settings, graces, logger: quiet, now, random: () => 0 });
  return { ...cluster, launcher };
}

const { signal } = new AbortController();

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** Ends at once, and could start all the same once its image's name means something to somebody. */
const hopeless = buildPod({ main: { waiting: { reason: "InvalidImageName", message: "bad" } } });
const refusal = new ApiRefusal("patch Job", {
  status: 403,
  reason: "Forbidden",
  message: "admission webhook denied the request",
});
const refuse = () => Promise.reject(refusal);

test("who watches a run hears of it when the API server doesn't let us end it, after what was seen before", async () => {
  const { launcher, show, answer } = arrange();
  show({ job });
  answer({ haltJob: refuse });
  const seen: WorkloadStatus["kind"][] = [];
  const watching = (async () => {
    for await (const { kind } of launcher.watch(runId, { signal })) {
      seen.push(kind);
      show({ pod: hopeless });
    }
  })();
  await expect(watching).rejects.toBe(refusal);
  expect(seen).toEqual(["starting"]);
});

test("a log isn't over because its run can't be followed", async () => {
  const { launcher, show, answer } = arrange({ noPodSeconds: 0 });
  show({ job });
  answer({ haltJob: refuse });
  const reading = collect(launcher.readLog(runId, { from: undefined, signal }));
  await expect(reading).rejects.toBe(refusal);
});

test("a refusal that has passed is forgotten by who watches next", async () => {
  const { launcher, show, answer, asked } = arrange();
  show({ job, pod: hopeless });
  answer({ haltJob: refuse });
  await expect(collect(launcher.watch(runId, { signal }))).rejects.toBe(refusal);
  answer({ haltJob: async () => {} });
  const statuses = await collect(launcher.watch(runId, { signal }));
  expect(statuses).toMatchObject([{ kind: "ended", cause: { kind: "image-invalid" } }]);
  expect(asked).toEqual(["haltJob", "haltJob"]);
});

test("a run's key is held as long as its workload is there, whoever removes that", async () => {
  const { launcher, show, clear, asked } = arrange();
  const collecting = buildPod({ collector: { running: { startedAt: new Date(0) } } });
  show({ job, pod: collecting });
  expect(await launcher.launch(buildRunWith({}))).toMatchObject({ kind: "existing" });
  const look = async () => {
    for await (const _ of launcher.watch(runId, { signal })) break;
    return asked.filter((call) => call === "readSecret").length;
  };
  expect(await look()).toBe(0);
  clear();
  show({ job, pod: collecting });
  expect(await look()).toBe(1);
});

const place = (states: Readonly<Record<string, V1ContainerState>>): V1Pod =>
  Object.assign(buildPod(states), { spec: { containers: [], nodeName: "node1" } });

test("a run whose main may have begun is stopped once its log is open: what isn't read by then is lost", async () => {
  const { launcher, show, answer, asked } = arrange();
  show({ job, pod: place({ main: { waiting: { reason: "PodInitializing" } } }) });
  const over = new AbortController();
  answer({ openLog: async () => ({ kind: "open", bytes: neverEnding(over.signal) }) });
  const reading = collect(launcher.readLog(runId, { from: undefined, signal: over.signal }));
  const stopping = launcher.stop(runId, { graceSeconds: 5 });
  await setImmediate();
  expect(asked).toEqual([]);
  show({ pod: place({ main: { running: { startedAt: new Date(0) } } }) });
  await stopping;
  expect(asked.filter((call) => call === "openLog" || call === "haltJob")).toEqual(["openLog", "haltJob"]);
  over.abort();
  await reading;
  launcher.close();
});

test("a run is stopped though its log can't be opened", async () => {
  const { launcher, show, asked } = arrange();
  show({ job, pod: place({ main: { running: { startedAt: new Date(0) } } }) });
  await launcher.stop(runId, { graceSeconds: 5 });
  expect(asked).toContain("haltJob");
  launcher.close();
});

test("a run whose image can't be pulled is stopped at once: it has no log", { timeout: 4000 }, async () => {
  const { launcher, show, asked } = arrange();
  show({ job, pod: place({ main: { waiting: { reason: "ImagePullBackOff" } } }) });
  await launcher.stop(runId, { graceSeconds: 5 });
  expect(asked).toContain("haltJob");
  launcher.close();
});

async function* neverEnding(ended: AbortSignal): AsyncGenerator<Uint8Array> {
  yield Buffer.from("1970-01-01T00:00:00Z begun\n");
  if (!ended.aborted) await new Promise((resolve) => ended.addEventListener("abort", resolve));
}
