import type { V1Job } from "@kubernetes/client-node";
import { expect, test } from "vitest";
import { ApiRefusal } from "../api/cluster-api.ts";
import { buildPod, createScriptedCluster, job, runId } from "./cluster.fixture.ts";
import { removeRun } from "./remove-run.ts";

const running = buildPod({ main: { running: { startedAt: new Date(0) } } });
const { signal } = new AbortController();

test("a pod that the cluster ends with its own grace, as its Job is gone by then, is killed all the same", async () => {
  const { api, store, show, clear, answer, asked } = createScriptedCluster();
  const over: V1Job = Object.assign(structuredClone(job), {
    status: { conditions: [{ type: "Failed", status: "True" }] },
  });
  const going = structuredClone(running);
  Object.assign(going.metadata ?? {}, { deletionTimestamp: new Date(600_000) });
  show({ job: over, pod: running });
  answer({
    async deleteSecret() {
      clear();
      show({ pod: going });
    },
    async deletePod(_, { graceSeconds }) {
      expect(graceSeconds).toBe(0);
    },
  });
  await removeRun(runId, { api, store, namespaces: ["runs"], signal });
  expect(asked).toEqual(["deleteSecret", "deletePod"]);
});

test("a pod that has ended is left to the cluster where its Job is gone as fast, and removed where it had none", async () => {
  const ended = buildPod({ main: { terminated: { exitCode: 0 } } });
  for (const isOrphaned of [false, true]) {
    const { api, store, show, clear, answer, asked } = createScriptedCluster();
    show(isOrphaned ? { pod: ended } : { job, pod: ended });
    answer({
      async deleteSecret() {
        clear();
        show({ pod: ended });
        setImmediate(clear);
      },
    });
    await removeRun(runId, { api, store, namespaces: ["runs"], signal });
    expect(asked).toEqual(isOrphaned ? ["deleteSecret", "deletePod"] : ["deleteSecret"]);
  }
});

test("a Job that the API server doesn't let us halt is removed all the same: first the Secret, then the pod", async () => {
  const { api, store, show, clear, answer, asked } = createScriptedCluster();
  show({ job, pod: running });
  const message = "admission webhook denied the request";
  answer({
    haltJob: () => Promise.reject(new ApiRefusal("patch Job", { status: 403, reason: "Forbidden", message })),
    deletePod: async () => clear(),
  });
  await removeRun(runId, { api, store, namespaces: ["runs"], signal });
  expect(asked).toEqual(["haltJob", "deleteSecret", "deletePod"]);
});
