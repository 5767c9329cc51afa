import { expect, test } from "vitest";
import { ApiRefusal } from "../api/cluster-api.ts";
import { buildPod, createScriptedCluster, job, runId } from "./cluster.fixture.ts";
import { removeRun } from "./remove-run.ts";

test("a Job that the API server doesn't let us halt is removed all the same: first the Secret, then the pod", async () => {
  const { api, store, show, clear, answer, asked } = createScriptedCluster();
  show({ job, pod: buildPod({ main: { running: { startedAt: new Date(0) } } }) });
  const message = "admission webhook denied the request";
  answer({
    haltJob: () => Promise.reject(new ApiRefusal("patch Job", { status: 403, reason: "Forbidden", message })),
    deletePod: async () => clear(),
  });
  await removeRun(runId, { api, store, namespaces: ["runs"], signal: new AbortController().signal });
  expect(asked).toEqual(["haltJob", "deleteSecret", "deletePod"]);
});
