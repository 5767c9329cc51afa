/** Traces when agents die, when only one program records, and when the collector is no help. */
import { createServer, type AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { buildTraceId } from "../../k8s-agent/trace/ids.ts";
import { holdBefore, isFinish } from "../faults/moments.ts";
import { awaitEvent, waitUntilIdle } from "../faults/run-story.ts";
import { openStage, timeout } from "../faults/stage.ts";
import { createGuresid, readValues } from "../support/driver-client.ts";
import { readRunId } from "../support/story.ts";
import { settleWithin } from "../support/wait-until.ts";
import { awaitInShell } from "../support/witness.ts";
import { drawTrace, startCollector, type Collector, type SeenSpan } from "./collector.ts";
import { buildTracedRequest, canary, createCallersTrace, exportTo, tellTrace } from "./traced-run.ts";

async function openCollector(): Promise<Collector> {
  const collector = await startCollector();
  onTestFinished(() => collector.close());
  return collector;
}

/** A span that comes twice is one: what there is by its id. */
function merge(spans: readonly SeenSpan[], traceId: string): SeenSpan[] {
  const inTrace = spans.filter((span) => span.traceId === traceId);
  return [...new Map(inTrace.map((span) => [span.spanId, span])).values()];
}

const stages = ["queue", "start", "setup", "main", "collect"].map((name) => `  ${name} internal`);
const agentsTree = ["run create consumer", ...stages, "  result producer"];

test("A run whose agent is killed, and that another one takes over, has one trace", { timeout }, async (context) => {
  const collector = await openCollector();
  const environment = exportTo(collector.url);
  const stage = await openStage(context);
  const [driver, victim] = await Promise.all([stage.openFrontDoor(), stage.startAgent({ environment })]);
  const caller = createCallersTrace();
  const waits = `echo up > ${stage.witness.path}/up; ${awaitInShell(`${stage.witness.path}/go`)}; ${tellTrace}`;
  const [guresid, request] = [createGuresid(), buildTracedRequest(waits)];
  const placed = await driver.put(guresid, request, { headers: caller.headers });
  await stage.witness.await("up");
  await awaitEvent(stage, readRunId(placed), "running");
  await victim.kill();
  const heir = await stage.startAgent({ environment });
  await awaitEvent(stage, readRunId(placed), "adopted");
  await stage.witness.write("go");
  const answer = await driver.provision(guresid, request);
  const run = await collector.await(caller.traceId, "run create");

  const spans = collector.spans.filter(({ traceId }) => traceId === caller.traceId);
  expect(drawTrace(spans)).toEqual(agentsTree);
  const main = spans.find(({ name }) => name === "main");
  expect(readValues(answer)["parent"]).toBe(`00-${caller.traceId}-${main?.spanId}-01`);
  // The front door records nothing here: the run goes on from its caller.
  expect(run.parentId).toBe(caller.spanId);
  expect(run.attributes).toMatchObject({
    "container_driver.agent": heir.name,
    "container_driver.adoptions": 1,
    "container_driver.delivery": 2,
  });
});

test("A run that ended before its agent was killed is told again, as the same spans", { timeout }, async (context) => {
  const collector = await openCollector();
  const environment = exportTo(collector.url);
  const stage = await openStage(context);
  const proxy = await stage.startProxy();
  const [driver, victim] = await Promise.all([
    stage.openFrontDoor(),
    stage.startAgent({ environment, url: proxy.url }),
  ]);
  const caller = createCallersTrace();
  const finish = holdBefore(proxy, isFinish);
  await driver.put(createGuresid(), buildTracedRequest("exit 0"), { headers: caller.headers });
  await settleWithin("the agent is about to let go", finish.caught, 30);
  await collector.await(caller.traceId, "run create");
  await victim.kill();
  await stage.startAgent({ environment });
  await waitUntilIdle(stage);
  const runs = () => collector.spans.filter(({ name }) => name === "run create");
  await collector.awaitSpan("the run again", () => runs()[1]);
  const spans = merge(collector.spans, caller.traceId);
  expect(drawTrace(spans)).toEqual(agentsTree);
  expect(collector.spans).toHaveLength(spans.length * 2);
});

test("An agent that records alone begins the trace, and its run goes on with it", { timeout }, async (context) => {
  const collector = await openCollector();
  const stage = await openStage(context);
  // Without a protocol it is OpenTelemetry's default, and a path of one's own is taken as it is.
  const url = `${collector.url}/own/path`;
  const [driver] = await Promise.all([
    stage.openFrontDoor(),
    stage.startAgent({ environment: { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: url, OTEL_SERVICE_NAME: "agent-of-mine" } }),
  ]);
  const answer = await driver.provision(createGuresid(), buildTracedRequest(tellTrace));
  expect(readValues(answer)).toEqual({
    parent: expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/),
    state: "none",
  });
  const traceId = Buffer.from(buildTraceId(readRunId(answer)), "hex");
  expect(readValues(answer)["parent"]).toContain(traceId.toString("hex"));
  await collector.awaitBytes("the trace's id", traceId);
  expect(collector.requests[0]).toMatchObject({ path: "/own/path", type: "application/x-protobuf" });
  expect(collector.bytes.includes("agent-of-mine")).toBe(true);
});

/** Says on standard error which of OpenTelemetry's packages are loaded. */
const watchLoading = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from "node:module";
  registerHooks({ resolve(name, context, next) {
    if (name.startsWith("@opentelemetry/")) console.error("LOADED", name);
    return next(name, context);
  } });
`)}`;

test("Without an endpoint nothing is loaded, and main gets what the caller sent", { timeout }, async (context) => {
  const stage = await openStage(context);
  const environment = { NODE_OPTIONS: `--import=${watchLoading}` };
  const disabled = { ...exportTo("http://127.0.0.1:9"), OTEL_SDK_DISABLED: "true" };
  const [door, agent] = await Promise.all([
    stage.startFrontDoor({ environment }),
    stage.startAgent({ environment: { ...environment, ...disabled } }),
  ]);
  const caller = createCallersTrace();
  const { headers } = caller;
  const told = await door.driver.provision(createGuresid(), buildTracedRequest(tellTrace), { headers });
  expect(readValues(told)).toEqual({ parent: headers.traceparent, state: headers.tracestate });
  const untold = await door.driver.provision(createGuresid(), buildTracedRequest(tellTrace));
  expect(readValues(untold)).toEqual({ parent: "none", state: "none" });
  // Logs lead to the trace all the same.
  expect(door.output()).toContain(`"traceId":"${caller.traceId}"`);
  for (const { output } of [door, agent]) expect(output()).not.toContain("LOADED");
});

/** Takes connections, and says nothing. */
async function startSilence(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("Collectors that are away or silent are no trouble for a run", { timeout }, async (context) => {
  const stage = await openStage(context);
  const headers = { OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20canary-of-a-header" };
  const [door, agent] = await Promise.all([
    stage.startFrontDoor({ environment: { ...headers, ...exportTo("http://127.0.0.1:9") } }),
    stage.startAgent({ environment: { ...headers, ...exportTo(await startSilence()) } }),
  ]);
  for (const which of ["first", "second", "third"]) {
    const request = buildTracedRequest(`echo '{"which": "${which}"}' > "$OUTPUTS_FILE"`);
    const answer = await door.driver.provision(createGuresid(), request);
    expect(readValues(answer)).toEqual({ which });
  }
  // They end when they are told to, and say what they still had.
  await Promise.all([agent.kill("SIGTERM"), door.kill("SIGTERM")]);
  for (const program of [door, agent]) {
    expect(program.countLogged("The last spans are lost: the collector does not take them")).toBe(1);
    for (const secret of ["canary-of-a-header", canary]) expect(program.output()).not.toContain(secret);
  }
});
