/** `/metrics` of real processes, before and after what is counted. */
import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { createCaller, type Caller } from "../runtimes/caller.ts";
import { findFreePort } from "../runtimes/free-port.ts";
import { openLab, type FrontDoor, type Lab } from "../runtimes/lab.ts";
import { runtimes } from "../runtimes/runtimes.ts";
import { createDriverClient, createGuresid } from "../support/driver-client.ts";
import { buildScriptRequest } from "../support/script-request.ts";
import { startStandaloneProcess } from "../support/standalone-process.ts";
import { readRunId } from "../support/story.ts";
import { waitUntil } from "../support/wait-until.ts";
import { awaitInShell } from "../support/witness.ts";
import { readMetrics, type Metrics } from "./read-metrics.ts";

let lab: Lab;

beforeAll(async () => {
  lab = await openLab();
}, 120_000);
afterAll(() => lab.close());

const held = { Prefer: "wait=25" };
const processes = runtimes.filter(({ name }) => name !== "Workers");
const node = processes.filter(({ name }) => name === "Node");

/** What a metric has grown by. */
const compare = (before: Metrics, after: Metrics) => (name: string, labels?: Record<string, string>) =>
  after.sum(name, labels) - before.sum(name, labels);

async function startAgent(environment: Record<string, string> = {}) {
  const port = await findFreePort();
  const agent = await lab.startAgent({ environment: { METRICS_PORT: String(port), ...environment } });
  onTestFinished(async () => void (await agent.stop()));
  return { ...agent, read: () => readMetrics(port) };
}

async function startDoor(runtime: Parameters<Lab["startFrontDoor"]>[0]) {
  const port = await findFreePort();
  const door: FrontDoor = await lab.startFrontDoor(runtime, { environment: { METRICS_PORT: String(port) } });
  onTestFinished(async () => void (await door.stop()));
  return { ...door, read: () => readMetrics(port), call: createCaller(door.url, lab.identities.staticToken) };
}

/** A run that has ended, and its path. */
async function run(call: Caller, script: string) {
  const guresid = createGuresid();
  const path = `/drivers/container/${guresid}`;
  const answer = await call("PUT", path, { body: buildScriptRequest(script), headers: held });
  return { guresid, path, answer, runId: readRunId(answer) };
}

describe.each(processes)("A front door on $name, and an agent,", (runtime) => {
  test("count what they are asked and what they do, by kinds that are few", async () => {
    const [agent, door] = await Promise.all([startAgent(), startDoor(runtime)]);
    const [agentBefore, doorBefore] = [await agent.read(), await door.read()];
    expect(agentBefore.sum("container_driver_runs_ended_total")).toBe(0);

    const good = await run(door.call, "printf 'twenty bytes of log\\n'; sleep 0.3; echo '{}' > \"$OUTPUTS_FILE\"");
    const bad = await run(door.call, "printf 'ten bytes\\n'; exit 3");
    const gone = await door.call("DELETE", good.path, { headers: held });
    await door.call("GET", bad.path, { token: false });
    expect([good.answer.status, bad.answer.status, gone.status]).toEqual([200, 400, 204]);
    await waitUntil("the agent is done", async () => (await agent.read()).sum("container_driver_runs_held") === 0);

    const [agentAfter, doorAfter] = [await agent.read(), await door.read()];
    const grown = compare(agentBefore, agentAfter);
    const ended = "container_driver_runs_ended_total";
    expect(grown(ended)).toBe(3);
    expect(grown(ended, { action: "create", result: "succeeded", reason: "" })).toBe(1);
    expect(grown(ended, { action: "create", result: "failed", reason: "exit-code" })).toBe(1);
    expect(grown(ended, { action: "destroy", result: "succeeded" })).toBe(1);
    expect(grown("container_driver_requests_taken_total")).toBe(3);
    expect(grown("container_driver_requests_redelivered_total")).toBe(0);
    expect(grown("container_driver_run_queue_wait_seconds_count")).toBe(3);
    expect(grown("container_driver_run_duration_seconds_count")).toBe(3);
    for (const phase of ["accepted", "starting", "running"])
      expect([phase, grown("container_driver_run_phase_duration_seconds_count", { phase })]).toEqual([phase, 3]);
    expect(grown("container_driver_run_phase_duration_seconds_sum", { phase: "running" })).toBeGreaterThan(0.3);
    // The destroy prints again what the create printed.
    expect(grown("container_driver_log_bytes_total")).toBe(20 + 10 + 20);
    expect(grown("container_driver_log_gaps_total")).toBe(0);
    expect(agentAfter.sum("container_driver_runs_capacity")).toBe(100);
    expect(agentAfter.sum("container_driver_broker_connections", { state: "up" })).toBe(1);
    expect(grown("container_driver_broker_call_duration_seconds_count", { operation: "lease.finish" })).toBe(3);

    const asked = compare(doorBefore, doorAfter);
    const requests = "container_driver_http_request_duration_seconds_count";
    const route = "/drivers/:driver/:guresid";
    expect(asked(requests, { route, method: "PUT", status: "200" })).toBe(1);
    expect(asked(requests, { route, method: "PUT", status: "400" })).toBe(1);
    expect(asked(requests, { route, method: "DELETE", status: "204" })).toBe(1);
    expect(asked(requests, { method: "GET", status: "401" })).toBe(1);
    expect(asked(requests)).toBe(4);
    expect(doorAfter.sum("container_driver_broker_connections", { state: "up" })).toBe(1);
    expect(asked("container_driver_broker_errors_total")).toBe(0);
    for (const { text } of [agentAfter, doorAfter]) {
      expect(text).toContain("process_cpu_seconds_total");
      for (const one of [good, bad])
        expect([text.includes(one.guresid), text.includes(one.runId)]).toEqual([false, false]);
      for (const secret of lab.secrets) expect(text).not.toContain(secret);
    }
  });

  test("count viewers while they read, however they leave", async () => {
    const door = await startDoor(runtime);
    const viewers = async () => (await door.read()).sum("container_driver_http_streams", { route: "/events" });
    const url = `${door.url}/events?follow=true`;
    const headers = { Authorization: `Bearer ${lab.identities.staticToken}`, Accept: "text/event-stream" };
    const leaving = [new AbortController(), new AbortController()];
    const open = leaving.map(async ({ signal }) => {
      const { body } = await fetch(url, { headers, signal });
      // Rejects when it is left.
      return body?.pipeTo(new WritableStream()).catch(() => undefined);
    });
    await waitUntil("both are counted", async () => (await viewers()) === 2);
    leaving[0]?.abort();
    await waitUntil("one has left", async () => (await viewers()) === 1);
    leaving[1]?.abort();
    await waitUntil("nobody is left", async () => (await viewers()) === 0);
    await Promise.all(open);
  });
});

test("The standalone server counts as front door and as agent", async () => {
  const port = await findFreePort();
  const server = await startStandaloneProcess({ environment: { METRICS_PORT: String(port) } });
  onTestFinished(() => server.stop());
  const client = createDriverClient(server.url);
  expect((await client.provision(createGuresid(), buildScriptRequest("echo hello"))).status).toBe(200);
  const metrics = await readMetrics(port);
  expect(metrics.sum("container_driver_runs_ended_total", { result: "succeeded" })).toBe(1);
  expect(metrics.sum("container_driver_http_request_duration_seconds_count", { method: "PUT", status: "200" })).toBe(1);
  expect(metrics.sum("container_driver_broker_connections")).toBe(0);
  expect(metrics.sum("container_driver_build_info", { program: "standalone" })).toBe(1);
});

describe("An agent", () => {
  test("counts what comes again, and which runs it takes over", async () => {
    const [runtime] = node;
    if (runtime === undefined) throw new Error("Cannot go on: there is no runtime");
    const [first, door] = [await startAgent(), await startDoor(runtime)];
    const guresid = createGuresid();
    const script = `echo run > ${lab.witness.path}/${guresid}; ${awaitInShell(`${lab.witness.path}/${guresid}-may`)}`;
    const body = buildScriptRequest(script);
    expect((await door.call("PUT", `/drivers/container/${guresid}`, { body })).status).toBe(202);
    await lab.witness.await(guresid);
    expect((await first.read()).sum("container_driver_runs_held")).toBe(1);
    const second = await startAgent();
    await first.stop("SIGTERM");
    await waitUntil(
      "it is taken over",
      async () => (await second.read()).sum("container_driver_runs_adopted_total") === 1,
    );
    await lab.witness.write(`${guresid}-may`);
    const answer = await door.call("PUT", `/drivers/container/${guresid}`, { body, headers: held });
    expect(answer.status).toBe(200);
    const metrics = await second.read();
    expect(metrics.sum("container_driver_requests_redelivered_total")).toBe(1);
    expect(metrics.sum("container_driver_runs_ended_total", { result: "succeeded" })).toBe(1);
    // It waited in the queue for the first replica, not for this one.
    expect(metrics.sum("container_driver_run_queue_wait_seconds_count")).toBe(0);
  });

  test("tells of a broker that is away, and is back", async () => {
    const agent = await startAgent();
    const state = async (name: string) =>
      (await agent.read()).sum("container_driver_broker_connections", { state: name });
    await lab.server.kill("SIGKILL");
    onTestFinished(() => lab.server.restart());
    await waitUntil("it is down", async () => (await state("down")) === 1 && (await state("up")) === 0);
    await lab.server.restart();
    await waitUntil("it is up", async () => (await state("up")) === 1 && (await state("down")) === 0);
    const metrics = await agent.read();
    const events = (event: string) => metrics.sum("container_driver_broker_connection_events_total", { event });
    expect([events("disconnected"), events("reconnected")]).toEqual([1, 1]);
  });

  test("answers its probes and metrics on one port where they have the same, and nothing else there", async () => {
    const port = String(await findFreePort());
    const agent = await lab.startAgent({ environment: { METRICS_PORT: port, PROBE_PORT: port } });
    onTestFinished(async () => void (await agent.stop()));
    const statuses = ["/alive", "/ready", "/metrics", "/", "/metrics/x"].map(
      async (path) => (await fetch(`http://127.0.0.1:${port}${path}`)).status,
    );
    expect(await Promise.all(statuses)).toEqual([200, 200, 200, 404, 404]);
  });

  test("serves no metrics unless it is told where", async () => {
    const port = await findFreePort();
    const agent = await lab.startAgent({ environment: { PROBE_PORT: String(port) } });
    onTestFinished(async () => void (await agent.stop()));
    expect((await fetch(`http://127.0.0.1:${port}/metrics`)).status).toBe(404);
  });

  test("does not start where its port for metrics is taken", async () => {
    const { port } = new URL(lab.server.url);
    const main = resolve(import.meta.dirname, "../../adapters/agent/main.ts");
    const env = { PATH: process.env["PATH"], HOME: lab.home, NATS_URL: lab.server.url, METRICS_PORT: port };
    const { status, stderr } = spawnSync(process.execPath, [main], {
      cwd: lab.home,
      env,
      encoding: "utf8",
      timeout: 30_000,
    });
    expect([status, stderr]).toEqual([1, expect.stringContaining(port)]);
  });
});
