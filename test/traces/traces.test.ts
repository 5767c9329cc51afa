/** Spans of real processes, as they come to a collector. */
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { createCaller, type Caller } from "../runtimes/caller.ts";
import { openLab, type Lab } from "../runtimes/lab.ts";
import { runtimes, type Runtime } from "../runtimes/runtimes.ts";
import { createGuresid, readValues } from "../support/driver-client.ts";
import { buildScriptRequest } from "../support/script-request.ts";
import { readRunId } from "../support/story.ts";
import { drawTrace, startCollector, type Collector, type SeenSpan } from "./collector.ts";

let lab: Lab;
let collector: Collector;

beforeAll(async () => {
  [lab, collector] = await Promise.all([openLab(), startCollector()]);
}, 120_000);
afterAll(async () => {
  await lab.close();
  await collector.close();
});

const held = { Prefer: "wait=25" };
const processes = runtimes.filter(({ name }) => name !== "Workers");
const canary = "canary-4f7d1b";

const exporting = () => ({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_EXPORTER_OTLP_PROTOCOL: "http/json" });

async function startAgent(environment: Record<string, string> = exporting()) {
  const agent = await lab.startAgent({ environment });
  onTestFinished(async () => void (await agent.stop()));
  return agent;
}

async function startDoor(runtime: Runtime, environment: Record<string, string> = exporting()) {
  const door = await lab.startFrontDoor(runtime, { environment });
  onTestFinished(async () => void (await door.stop()));
  return { ...door, call: createCaller(door.url, lab.identities.staticToken) };
}

function createCallersTrace(flags = "01") {
  const traceId = randomBytes(16).toString("hex");
  const spanId = randomBytes(8).toString("hex");
  return {
    traceId,
    spanId,
    headers: { traceparent: `00-${traceId}-${spanId}-${flags}`, tracestate: "rojo=00f067aa0ba902b7" },
  };
}

/** Writes what main was told of its trace into the outputs. */
const tell = `printf '{"parent": "%s", "state": "%s"}' "\${TRACEPARENT-none}" "\${TRACESTATE-none}" > "$OUTPUTS_FILE"`;

async function run(call: Caller, script: string, headers: Record<string, string> = {}) {
  const guresid = createGuresid();
  const path = `/drivers/container/${guresid}`;
  const secrets = { account: { key: canary }, job: { variables: { SECRET_OF_MINE: `${canary}-variable` } } };
  const body = buildScriptRequest(script, { secrets, resource: { note: `${canary}-input` } });
  const answer = await call("PUT", path, { body, headers: { ...held, ...headers } });
  return { guresid, path, body, answer, runId: readRunId(answer) };
}

const find = (name: string, traceId: string): SeenSpan => {
  const found = collector.spans.filter((span) => span.traceId === traceId && span.name === name);
  expect([name, found.length]).toEqual([name, 1]);
  return found[0] as SeenSpan;
};

const tree = [
  "PUT /drivers/:driver/:guresid server",
  "  send requests producer",
  "    run create consumer",
  "      queue internal",
  "      start internal",
  "      setup internal",
  "      main internal",
  "      collect internal",
  "      result producer",
  "    answer internal",
];

describe.each(processes)("A front door on $name, and an agent,", (runtime) => {
  test("go on with their caller's trace, through main, to the answer", async () => {
    const [door] = await Promise.all([startDoor(runtime), startAgent()]);
    const caller = createCallersTrace();
    const began = Date.now();
    const { answer, runId, guresid } = await run(door.call, `sleep 0.3; ${tell}`, caller.headers);
    const ended = Date.now();
    expect(answer.status).toBe(200);
    for (const name of ["run create", "answer", "PUT /drivers/:driver/:guresid"])
      await collector.await(caller.traceId, name);
    const spans = collector.spans.filter(({ traceId }) => traceId === caller.traceId);
    expect(drawTrace(spans)).toEqual(tree);

    const main = find("main", caller.traceId);
    expect(readValues(answer)).toEqual({
      parent: `00-${caller.traceId}-${main.spanId}-01`,
      state: caller.headers.tracestate,
    });
    const server = find("PUT /drivers/:driver/:guresid", caller.traceId);
    expect(server).toMatchObject({ parentId: caller.spanId, service: "container-driver-front-door", error: undefined });
    expect(server.attributes).toMatchObject({
      "http.request.method": "PUT",
      "http.response.status_code": 200,
      "container_driver.run.id": runId,
    });
    const whole = find("run create", caller.traceId);
    expect(whole).toMatchObject({
      service: "container-driver-agent",
      error: undefined,
      traceState: caller.headers.tracestate,
    });
    expect(whole.attributes).toMatchObject({
      "container_driver.run.id": runId,
      "container_driver.guresid": guresid,
      "container_driver.driver": "container",
      "container_driver.cluster": "near",
      "container_driver.action": "create",
      "container_driver.launcher": "local",
      "container_driver.delivery": 1,
      "container_driver.adoptions": 0,
      "container_driver.result": "succeeded",
    });
    // Children lie within their parents, stages follow each other, and all of it lies within the call.
    const stages = ["queue", "start", "setup", "main", "collect", "result"].map((name) => find(name, caller.traceId));
    for (const [at, stage] of stages.entries()) {
      expect(stage.from).toBeGreaterThanOrEqual(whole.from);
      expect(stage.to).toBeLessThanOrEqual(whole.to);
      if (at > 0) expect(stage.from).toBe(stages[at - 1]?.to);
    }
    expect(main.to - main.from).toBeGreaterThan(250);
    expect(server.from).toBeGreaterThanOrEqual(began);
    expect(server.to).toBeLessThanOrEqual(ended + 1);
    expect(whole.from).toBeGreaterThanOrEqual(server.from);
  });
});
