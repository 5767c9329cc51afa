/** Streams on each runtime, over a real broker: live, resumed, and left by their readers. */
import { get, type IncomingMessage } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createRunId } from "../bus/stage.ts";
import { hostileMessages, storeHostile } from "../nats/hostile-message.ts";
import { connectTo } from "../nats/nats-stage.ts";
import { createGuresid } from "../support/driver-client.ts";
import { buildScriptRequest } from "../support/script-request.ts";
import { readRunId } from "../support/story.ts";
import { waitUntil } from "../support/wait-until.ts";
import { awaitInShell } from "../support/witness.ts";
import { createCaller } from "./caller.ts";
import { clusters, openLab, type FrontDoor, type Lab } from "./lab.ts";
import { runtimes, type Runtime } from "./runtimes.ts";

let lab: Lab;
const doors = new Map<string, FrontDoor>();
/** Some more or less: front doors connect, agents hold runs, and those who left just before may not be gone yet. */
const slack = 4;

beforeAll(async () => {
  lab = await openLab();
  const agent = lab.startAgent();
  await Promise.all(runtimes.map(async (runtime) => doors.set(runtime.name, await lab.startFrontDoor(runtime))));
  await agent;
  for (const { url } of doors.values()) await createCaller(url, lab.identities.staticToken)("GET", "/runs");
}, 120_000);
afterAll(() => lab.close());

/** A client of a stream, as it reads. */
async function openStream(runtime: Runtime, path: string, headers: Record<string, string> = {}) {
  const door = doors.get(runtime.name);
  if (door === undefined) throw new Error(`Cannot use the front door on ${runtime.name}: it has not started`);
  const all = { Accept: "text/event-stream", Authorization: `Bearer ${lab.identities.staticToken}`, ...headers };
  const response = await new Promise<IncomingMessage>((resolve, reject) =>
    get(`${door.url}${path}`, { headers: all, agent: false }, resolve).on("error", reject),
  );
  let text = "";
  let ended = false;
  response.setEncoding("utf8").on("data", (piece: string) => (text += piece));
  response.on("close", () => (ended = true)).on("error", () => undefined);
  return {
    status: response.statusCode,
    text: () => text,
    until: (found: (text: string) => boolean) => waitUntil("the stream brings it", () => found(text)),
    toEnd: () => waitUntil("the stream ends", () => ended),
    leave: () => response.destroy(),
  };
}

async function startRun(runtime: Runtime) {
  const call = createCaller(doors.get(runtime.name)?.url ?? "", lab.identities.staticToken);
  const guresid = createGuresid();
  const may = `${lab.witness.path}/${guresid}-may`;
  const script = `i=0; while [ $i -lt 50 ]; do echo "line $i"; i=$((i+1)); done; ${awaitInShell(may)}; echo last`;
  const answer = await call("PUT", `/drivers/container/${guresid}`, { body: buildScriptRequest(script) });
  return { runId: readRunId(answer), finish: () => lab.witness.write(`${guresid}-may`) };
}

async function isRunning(runtime: Runtime, runId: string): Promise<boolean> {
  const call = createCaller(doors.get(runtime.name)?.url ?? "", lab.identities.staticToken);
  return (await call("GET", `/runs/${runId}`)).text.includes('"status":"running"');
}

const findIds = (text: string) => [...text.matchAll(/^id: (\S+)$/gm)].map(([, id]) => id ?? "");

describe.each(runtimes)("On $name", (runtime) => {
  test("a log is seen while its run lasts, resumed where it was left, and ends with the run", async () => {
    const run = await startRun(runtime);
    const first = await openStream(runtime, `/runs/${run.runId}/logs`);
    await first.until((text) => text.includes("line 49"));
    first.leave();
    const id = findIds(first.text()).at(-1) ?? "";
    const second = await openStream(runtime, `/runs/${run.runId}/logs`, { "Last-Event-ID": id });
    await run.finish();
    await second.toEnd();
    expect(second.text()).not.toContain("line 49");
    expect(second.text()).toContain("last");
    expect(second.text()).toMatch(/event: end\ndata: \{"status":"\w+","complete":true\}\n\n$/);
    const last = findIds(second.text()).at(-1) ?? "";
    await waitUntil("the run has ended", async () => {
      const again = await openStream(runtime, `/runs/${run.runId}/logs`, { "Last-Event-ID": last });
      again.leave();
      return again.status === 204;
    });
  });

  test("the events of all runs are seen as they come, and a client that was away misses none", async () => {
    const live = await openStream(runtime, "/events");
    await live.until((text) => text.includes("retry"));
    const run = await startRun(runtime);
    await live.until((text) => text.includes(run.runId));
    live.leave();
    const id = findIds(live.text()).at(-1) ?? "";
    await run.finish();
    const again = await openStream(runtime, "/events", { "Last-Event-ID": id });
    await again.until((text) => text.includes("run.succeeded.v1"));
    again.leave();
    const events = findIds(live.text() + again.text());
    expect(new Set(events).size).toBe(events.length);
  });

  test("what somebody has stored on another cluster's stream stops no stream and no answer", async () => {
    const connection = await connectTo(lab.server);
    const live = await openStream(runtime, "/events");
    await live.until((text) => text.includes("retry"));
    for (const message of hostileMessages)
      await storeHostile(connection, `cd.v1.events.${clusters.far}.${createRunId()}`, message);
    const call = createCaller(doors.get(runtime.name)?.url ?? "", lab.identities.staticToken);
    const listed = await call("GET", "/runs");
    expect([listed.status, listed.text]).toEqual([200, expect.not.stringContaining("unreachable")]);
    const run = await startRun(runtime);
    await run.finish();
    await live.until((text) => text.includes(run.runId));
    live.leave();
    await connection.close();
  });

  test("clients that go away leave nothing behind at the broker", async () => {
    const runs = await Promise.all(Array.from({ length: 10 }, () => startRun(runtime)));
    for (const { runId } of runs) await waitUntil("it runs", () => isRunning(runtime, runId));
    // Agents have subscriptions of their own for the runs that they hold.
    const held = await lab.countSubscriptions();
    // All who watch a run at one front door are one subscription.
    const clients = await Promise.all(
      [...runs, ...runs].map(({ runId }) => openStream(runtime, `/runs/${runId}/logs`)),
    );
    await Promise.all(clients.map((client) => client.until((text) => text.includes("line 49"))));
    await waitUntil("all of them follow", async () => (await lab.countSubscriptions()) >= held + runs.length - slack);
    for (const client of clients) client.leave();
    await waitUntil("nobody follows any more", async () => (await lab.countSubscriptions()) <= held + slack);
    for (const run of runs) await run.finish();
  });
});
