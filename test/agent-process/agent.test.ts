/** The agent as a program of its own, and the standalone server over NATS: how they start, share their work, and end. */
import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { connect } from "@nats-io/transport-node";
import { createNatsBus } from "../../src/bus/nats/nats-bus.ts";
import { createCaller, type Caller } from "../runtimes/caller.ts";
import { clusters, openLab, type Lab } from "../runtimes/lab.ts";
import { runtimes } from "../runtimes/runtimes.ts";
import { createGuresid, readValues } from "../support/driver-client.ts";
import { buildScriptRequest } from "../support/script-request.ts";
import { readEvents, readRunId } from "../support/story.ts";
import { waitUntil } from "../support/wait-until.ts";
import { awaitInShell } from "../support/witness.ts";

let lab: Lab;
let call: Caller;

beforeAll(async () => {
  lab = await openLab();
  const [node] = runtimes;
  if (node === undefined) throw new Error("Cannot go on: there is no runtime");
  const door = await lab.startFrontDoor(node);
  call = createCaller(door.url, lab.identities.staticToken);
}, 120_000);
afterAll(() => lab.close());

const held = { Prefer: "wait=25" };
const createPath = () => `/drivers/container/${createGuresid()}`;

/** Every event of a run, as the broker has them. */
async function readStory(runId: string) {
  const connection = await connect({ servers: lab.server.url });
  const bus = createNatsBus({ connection, ownsConnection: true });
  onTestFinished(() => bus.close());
  return readEvents(bus, { cluster: clusters.near, runId });
}

describe("Replicas of an agent", () => {
  test("share a cluster's runs, over TCP and WebSocket alike, and each run is one's alone", async () => {
    const agents = await Promise.all([
      lab.startAgent({ environment: { CAPACITY: "3" } }),
      lab.startAgent({ broker: "webSocket", environment: { CAPACITY: "3" } }),
    ]);
    onTestFinished(async () => void (await Promise.all(agents.map((agent) => agent.stop()))));
    const { path } = lab.witness;
    // Six that wait for each other can't be carried out by one replica with room for three.
    const names = ["a", "b", "c", "d", "e", "f"].map((name) => `together-${name}`);
    const wait = names.map((name) => awaitInShell(`${path}/${name}`)).join("\n");
    const run = async (name: string) => {
      const body = buildScriptRequest(`: > ${path}/${name}\n${wait}`, { values: { timeout: 60 } });
      return call("PUT", createPath(), { body, headers: held });
    };
    const answers = await Promise.all(names.map(run));
    expect(answers.map(({ status }) => status)).toEqual(names.map(() => 200));
    const takers = await Promise.all(
      answers.map(async (answer) => {
        const accepted = (await readStory(readRunId(answer))).filter(({ data }) => data.phase === "accepted");
        return accepted.map(({ data }) => data.agent);
      }),
    );
    expect(takers.map(({ length }) => length)).toEqual(names.map(() => 1));
    expect(new Set(takers.flat())).toEqual(new Set(agents.map(({ ready }) => ready)));
  });

  test("hand their runs over when they are stopped: one execution, one end", async () => {
    const first = await lab.startAgent();
    const [guresid, { path }] = [createGuresid(), lab.witness];
    const script = `echo run >> ${path}/${guresid}; ${awaitInShell(`${path}/${guresid}-may-leave`)}; echo '{"n": 1}' > "$OUTPUTS_FILE"`;
    const body = buildScriptRequest(script);
    const placed = await call("PUT", `/drivers/container/${guresid}`, { body });
    await lab.witness.await(guresid);
    const second = await lab.startAgent();
    onTestFinished(async () => void (await second.stop()));
    expect(await first.stop("SIGTERM")).toBe(0);
    await lab.witness.write(`${guresid}-may-leave`);
    expect(readValues(await call("PUT", `/drivers/container/${guresid}`, { body, headers: held }))).toEqual({ n: 1 });
    expect(await lab.witness.read(guresid)).toBe("run\n");
    const story = await readStory(readRunId(placed));
    expect(story.filter(({ type }) => type === "run.adopted.v1").map(({ data }) => data.agent)).toEqual([second.ready]);
  });
});

describe("An agent", () => {
  test("that starts before its broker waits for it", async () => {
    await lab.server.kill("SIGKILL");
    const agent = await lab.startAgent({ ready: /Cannot reach the broker/ });
    onTestFinished(async () => void (await agent.stop()));
    await lab.server.restart();
    const [path, body] = [createPath(), buildScriptRequest("exit 0")];
    await waitUntil("a run succeeds", async () => {
      const { status } = await call("PUT", path, { body, headers: held });
      if (status !== 503) expect(status).toBe(200);
      return status === 200;
    });
    expect(agent.output()).toContain("takes requests");
  });

  test("that still waits for its broker ends at once when it is told to", async () => {
    const environment = { NATS_URL: "nats://127.0.0.1:1" };
    const agent = await lab.startAgent({ environment, ready: /Cannot reach the broker/ });
    expect(await agent.stop("SIGTERM")).toBe(128 + 15);
  });

  test("refuses to start with variables that are wrong, and names each", () => {
    const { status, stderr } = runAgent({ CLUSTER: "No Cluster", LAUNCHER: "magic", CAPACITY: "0" });
    expect(status).toBe(2);
    for (const name of ["NATS_URL is missing", "CLUSTER", "LAUNCHER", "CAPACITY"]) expect(stderr).toContain(name);
  });

  test.each([
    ["https://example.com", /NATS_URL/],
    ["nats://a,wss://b", /several schemes/],
  ])("refuses to start with NATS_URL %s", (url, problem) => {
    const { status, stderr } = runAgent({ NATS_URL: url });
    expect(status).not.toBe(0);
    expect(stderr).toMatch(problem);
  });

  test("refuses to start without the keys that it was told of", () => {
    const { status, stderr } = runAgent({ NATS_URL: lab.server.url, CLUSTER_KEYS_FILE: "/nowhere/keys.json" });
    expect(status).not.toBe(0);
    expect(stderr).toContain("/nowhere/keys.json");
  });
});

function runAgent(environment: Readonly<Record<string, string>>) {
  const main = resolve(import.meta.dirname, "../../adapters/agent/main.ts");
  const env = { PATH: process.env["PATH"], HOME: lab.home, ...environment };
  return spawnSync(process.execPath, [main], { cwd: lab.home, env, encoding: "utf8", timeout: 20_000 });
}
