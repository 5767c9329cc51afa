import { expect, test } from "vitest";
import { buildRunWith, settings } from "../job/workloads.fixture.ts";
import { createKubernetesLauncher } from "./kubernetes-launcher.ts";
import { buildPod, createScriptedCluster, job, quiet, runId } from "./runs/cluster.fixture.ts";

function arrange() {
  const cluster = createScriptedCluster();
  const { api, store } = cluster;
  const now = () => new Date(1000);
  const launcher = createKubernetesLauncher({ api, store, settings, logger: quiet, now, random: () => 0 });
  return { ...cluster, launcher };
}

const { signal } = new AbortController();

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
