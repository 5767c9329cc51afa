/** One trace from a request to its answer: spans of real front doors and a real agent, as they come to a collector. */
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { createCaller, type Caller } from "../runtimes/caller.ts";
import { openLab, type Lab } from "../runtimes/lab.ts";
import { runtimes } from "../runtimes/runtimes.ts";
import { createDriverClient, createGuresid, readValues } from "../support/driver-client.ts";
import { startStandaloneProcess } from "../support/standalone-process.ts";
import { readRunId } from "../support/story.ts";
import { drawTrace, startCollector, type Collector, type SeenSpan } from "./collector.ts";
import { buildTracedRequest, canary, createCallersTrace, exportTo, tellTrace } from "./traced-run.ts";

let lab: Lab;
let collector: Collector;

beforeAll(async () => {
  [lab, collector] = await Promise.all([openLab(), startCollector()]);
  await lab.startAgent({ environment: exportTo(collector.url) });
}, 120_000);
afterAll(async () => {
  await lab.close();
  await collector.close();
});

const held = { Prefer: "wait=25" };
const processes = runtimes.filter(({ name }) => name !== "Workers");
const route = "/drivers/:driver/:guresid";

interface Target {
  readonly guresid: string;
  readonly path: string;
  readonly body: object;
}

function createTarget(script: string): Target {
  const guresid = createGuresid();
  return { guresid, path: `/drivers/container/${guresid}`, body: buildTracedRequest(script) };
}

const of = (traceId: string) => collector.spans.filter((span) => span.traceId === traceId);

/** The spans of a trace when these have come. */
async function awaitTrace(traceId: string, names: readonly string[]): Promise<readonly SeenSpan[]> {
  for (const name of names) await collector.await(traceId, name);
  return of(traceId);
}

function pick(spans: readonly SeenSpan[], name: string): SeenSpan {
  const found = spans.filter((span) => span.name === name);
  expect([name, found.length]).toEqual([name, 1]);
  return found[0] as SeenSpan;
}

/** What a run leaves in a trace, and who began it. */
const draw = (method: string, action: string) => [
  `${method} ${route} server`,
  "  send requests producer",
  `    run ${action} consumer`,
  ...["queue", "start", "setup", "main", "collect"].map((stage) => `      ${stage} internal`),
  "      result producer",
  "    answer internal",
];

test("docs/traces.md draws the trace that there is", async () => {
  const text = await readFile(new URL("../../docs/traces.md", import.meta.url), "utf8");
  const drawn = /```text\n([^`]+)\n```/.exec(text)?.[1]?.split("\n") ?? [];
  expect(drawn.map((line) => line.replace(/^(\s*\S+(?: \S+)*) {2,}(\w+).*$/, "$1 $2"))).toEqual(draw("PUT", "create"));
});

test("The standalone server tells both sides of a trace", async () => {
  const server = await startStandaloneProcess({ environment: exportTo(collector.url) });
  onTestFinished(() => server.stop());
  const caller = createCallersTrace();
  const driver = createDriverClient(server.url);
  const request = buildTracedRequest(tellTrace);
  const answer = await driver.provision(createGuresid(), request, { headers: caller.headers });
  const spans = await awaitTrace(caller.traceId, ["run create", "answer", `PUT ${route}`]);
  expect(drawTrace(spans)).toEqual(draw("PUT", "create"));
  expect(readValues(answer)["parent"]).toBe(`00-${caller.traceId}-${pick(spans, "main").spanId}-01`);
  expect(new Set(spans.map(({ service }) => service))).toEqual(new Set(["container-driver"]));
});

describe.each(processes)("A front door on $name, and an agent,", (runtime) => {
  let call: Caller;

  beforeAll(async () => {
    const door = await lab.startFrontDoor(runtime, { environment: exportTo(collector.url) });
    call = createCaller(door.url, lab.identities.staticToken);
  }, 120_000);

  test("go on with their caller's trace, through main, to the answer", async () => {
    const caller = createCallersTrace();
    const { guresid, path, body } = createTarget(`sleep 0.3; ${tellTrace}`);
    const began = Date.now();
    const answer = await call("PUT", path, { body, headers: { ...held, ...caller.headers } });
    const ended = Date.now();
    expect(answer.status).toBe(200);
    const spans = await awaitTrace(caller.traceId, ["run create", "answer", `PUT ${route}`]);
    expect(drawTrace(spans)).toEqual(draw("PUT", "create"));

    const main = pick(spans, "main");
    expect(readValues(answer)).toEqual({
      parent: `00-${caller.traceId}-${main.spanId}-01`,
      state: caller.headers.tracestate,
    });
    const run = pick(spans, "run create");
    const server = pick(spans, `PUT ${route}`);
    const about = {
      "container_driver.run.id": readRunId(answer),
      "container_driver.guresid": guresid,
      "container_driver.driver": "container",
      "container_driver.cluster": "near",
      "container_driver.action": "create",
    };
    expect(server).toMatchObject({
      parentId: caller.spanId,
      service: "container-driver-front-door",
      attributes: { ...about, "http.request.method": "PUT", "http.route": route, "http.response.status_code": 200 },
    });
    expect(run).toMatchObject({
      service: "container-driver-agent",
      traceState: caller.headers.tracestate,
      attributes: {
        ...about,
        "container_driver.launcher": "local",
        "container_driver.delivery": 1,
        "container_driver.adoptions": 0,
        "container_driver.result": "succeeded",
      },
    });
    expect(spans.filter(({ error }) => error !== undefined)).toEqual([]);

    // Stages follow each other within the run, and the run lies within the call.
    const stages = ["queue", "start", "setup", "main", "collect", "result"].map((name) => pick(spans, name));
    expect(stages.map(({ from }) => from).slice(1)).toEqual(stages.map(({ to }) => to).slice(0, -1));
    expect([stages[0]?.from, stages.at(-1)?.to]).toEqual([run.from, run.to]);
    expect(main.to - main.from).toBeGreaterThan(250);
    expect(server.from).toBeGreaterThanOrEqual(began);
    expect(server.to).toBeLessThanOrEqual(ended + 1);
    expect(run.from).toBeGreaterThanOrEqual(server.from);
  });

  test("begin a trace where the caller has none, and lead there from each question about its run", async () => {
    const { path, body } = createTarget("exit 3");
    const placed = await call("PUT", path, { body });
    expect(placed.status).toBe(202);
    const told = await call("PUT", path, { body, headers: held });
    expect([told.status, readRunId(told)]).toEqual([400, readRunId(placed)]);

    const about = (span: SeenSpan) => span.attributes["container_driver.run.id"] === readRunId(placed);
    const findAnswer = () => collector.spans.find((span) => span.name === "answer" && about(span));
    const { traceId, links } = await collector.awaitSpan("the answer", findAnswer);
    const spans = await awaitTrace(traceId, ["run create", `PUT ${route}`]);
    expect(drawTrace(spans)).toEqual(draw("PUT", "create"));
    expect(pick(spans, `PUT ${route}`).parentId).toBeUndefined();

    // It failed in main, and that is all that is said of why.
    const errors = spans.flatMap(({ name, error }) => (error === undefined ? [] : [`${name}: ${error}`]));
    expect(errors.toSorted()).toEqual(["main: exit-code", "run create: exit-code"]);
    expect(pick(spans, "run create").attributes).toMatchObject({
      "container_driver.result": "failed",
      "container_driver.reason": "exit-code",
    });

    const findPoll = () =>
      collector.spans.find((span) => span.kind === "server" && about(span) && span.traceId !== traceId);
    const poll = await collector.awaitSpan("the second question", findPoll);
    expect(poll.links).toEqual([{ traceId, spanId: pick(spans, "send requests").spanId }]);
    expect(links).toEqual([{ traceId: poll.traceId, spanId: poll.spanId }]);
  });

  test("record nothing of a trace that its caller doesn't want recorded, and main is told so", async () => {
    const [unwanted, wanted] = [createCallersTrace({ sampled: false }), createCallersTrace()];
    const { path, body } = createTarget(tellTrace);
    const answer = await call("PUT", path, { body, headers: { ...held, ...unwanted.headers } });
    expect(readValues(answer)["parent"]).toMatch(new RegExp(`^00-${unwanted.traceId}-[0-9a-f]{16}-00$`));
    const gone = await call("DELETE", path, { headers: { ...held, ...wanted.headers } });
    expect(gone.status).toBe(204);
    const spans = await awaitTrace(wanted.traceId, ["run destroy", "answer", `DELETE ${route}`]);
    expect(drawTrace(spans)).toEqual(draw("DELETE", "destroy"));
    // Spans are sent in their order: what was recorded before would have come.
    expect(of(unwanted.traceId)).toEqual([]);
  });

  test("tell of requests that lead nowhere by their route, and of questions for their health nothing", async () => {
    const caller = createCallersTrace();
    await call("GET", "/health", { headers: caller.headers });
    await call("GET", `/drivers/${canary}/x`, { headers: caller.headers });
    await call("GET", `/${canary}`, { headers: caller.headers });
    await call("GET", "/runs", { headers: caller.headers });
    const spans = await awaitTrace(caller.traceId, ["GET /runs"]);
    expect(spans.map(({ name }) => name)).toEqual([`GET ${route}`, "GET /*", "GET /runs"]);
  });

  test("send no secret, input, output or word of a container", () => {
    for (const secret of [canary, ...lab.secrets]) expect(collector.bytes.includes(secret)).toBe(false);
  });
});
