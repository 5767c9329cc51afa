/** What an agent's metrics tell of the Kubernetes API, held against what a proxy before it saw. */
import { expect, test } from "vitest";
import { readMetrics } from "../metrics/read-metrics.ts";
import { findFreePort } from "../runtimes/free-port.ts";
import { createGuresid } from "../support/driver-client.ts";
import { waitUntil } from "../support/wait-until.ts";
import { shareFaultStage, waitUntilSettled } from "./faults/settled.ts";
import { buildPodRequest } from "./faults/pod-run.ts";

const getStage = shareFaultStage(async (stage) => {
  const port = await findFreePort();
  const [api, driver] = await Promise.all([stage.startApiProxy(), stage.openFrontDoor()]);
  const environment = { METRICS_PORT: String(port) };
  await stage.startAgent({ kubeConfig: api.kubeConfig, environment });
  return { api, driver, read: () => readMetrics(port) };
});

const calls = "container_driver_kubernetes_api_calls_total";

test("a run's calls are counted by verb and resource, as many as the API server got", async () => {
  const { api, driver, read } = getStage();
  const answer = await driver.provision(createGuresid(), buildPodRequest("echo hello"));
  expect(answer.status).toBe(200);
  await waitUntilSettled(getStage());
  const metrics = await read();
  const counted = (verb: string, resource: string) => metrics.sum(calls, { verb, resource });
  expect([counted("create", "secrets"), counted("create", "jobs"), counted("delete", "secrets")]).toEqual([1, 1, 1]);
  expect(counted("get", "pods/log")).toBe(2);
  const logs = api.requests.filter((request) => request.includes("/log?"));
  expect(logs).toHaveLength(2);
  for (const resource of ["jobs", "pods", "events"])
    expect([resource, counted("list", resource), counted("watch", resource)]).toEqual([resource, 1, 1]);
  expect(metrics.sum("container_driver_kubernetes_relists_total")).toBe(0);
  expect(metrics.sum("container_driver_kubernetes_watch_restarts_total")).toBe(0);
  expect(metrics.sum("container_driver_run_phase_duration_seconds_count", { phase: "starting" })).toBe(1);
  expect(metrics.sum("container_driver_runs_ended_total", { result: "succeeded" })).toBe(1);
  expect(metrics.sum("container_driver_log_bytes_total")).toBe("hello\n".length);
});

test("watches that are cut are counted when they are opened again", async () => {
  const { api, read } = getStage();
  api.cut();
  await waitUntil("all three watch again", async () => {
    const metrics = await read();
    const restarted = (resource: string) =>
      metrics.sum("container_driver_kubernetes_watch_restarts_total", { resource });
    return ["jobs", "pods", "events"].every((resource) => restarted(resource) >= 1);
  });
});
