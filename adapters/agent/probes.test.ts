import { afterAll, beforeAll, expect, test } from "vitest";
import { createConsoleLogger } from "../../src/log.ts";
import { startNatsServer, type NatsServer } from "../../test/nats/server.ts";
import { findFreePort } from "../../test/runtimes/free-port.ts";
import { sendRequest } from "../../test/support/http.ts";
import { waitUntil } from "../../test/support/wait-until.ts";
import { openAgentBus, type AgentBus } from "./agent-bus.ts";
import { serveProbes } from "./probes.ts";

const logger = createConsoleLogger({ write: () => undefined, now: () => new Date(), level: "silent" });

let server: NatsServer;
let bus: AgentBus;
let url: string;
let probes: { close(): Promise<void> };
let known: AgentBus | undefined;
let problem: string | undefined;

beforeAll(async () => {
  server = await startNatsServer();
  const config = { NATS_URL: server.url, NATS_CREDENTIALS: undefined, NATS_API_PREFIX: "$JS.API" };
  bus = await openAgentBus(config, { name: "probed", logger });
  const port = await findFreePort();
  url = `http://127.0.0.1:${port}`;
  probes = await serveProbes(port, { launcher: { findProblem: () => problem }, getBus: () => known });
});
afterAll(async () => {
  await probes.close();
  await bus.close();
  await server.close();
});

async function ask(path: string): Promise<string> {
  const { status, text } = await sendRequest(url, { method: "GET", path });
  return `${status} ${text}`;
}

test("an agent is ready when its broker answers and its cluster can be watched, and alive all the time", async () => {
  expect([await ask("/alive"), await ask("/ready")]).toEqual(["200 alive\n", "503 the broker was not found yet\n"]);
  known = bus;
  problem = "the cluster's API server does not answer";
  expect([await ask("/alive"), await ask("/ready")]).toEqual(["200 alive\n", `503 ${problem}\n`]);
  problem = undefined;
  expect([await ask("/alive"), await ask("/ready")]).toEqual(["200 alive\n", "200 ready\n"]);
});

test("a broker that has gone, or has stopped answering, is noticed, and that it is back", async () => {
  known = bus;
  problem = undefined;
  await server.kill("SIGSTOP");
  expect([await ask("/alive"), await ask("/ready")]).toEqual(["200 alive\n", "503 the broker does not answer\n"]);
  await server.kill("SIGCONT");
  await waitUntil("the broker answers again", async () => (await ask("/ready")) === "200 ready\n");
  await server.kill("SIGKILL");
  expect([await ask("/alive"), await ask("/ready")]).toEqual(["200 alive\n", "503 the broker does not answer\n"]);
  await server.restart();
  await waitUntil("the broker is back", async () => (await ask("/ready")) === "200 ready\n");
});

test("nothing else is answered", async () => {
  expect(await ask("/")).toMatch(/^404 /);
  expect(await ask("/metrics")).toMatch(/^404 /);
});

test("an agent without a port for probes listens nowhere, and one whose port is taken says so", async () => {
  const probed = { launcher: { findProblem: () => undefined }, getBus: () => undefined };
  await (await serveProbes(undefined, probed)).close();
  await expect(serveProbes(Number(new URL(url).port), probed)).rejects.toThrow(/EADDRINUSE/);
});
