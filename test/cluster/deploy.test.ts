/**
 * The agent inside the cluster, installed as docs/install.md has it, from its own image; broker and front door outside. The
 * test has namespaces of its own, and hands the PodDisruptionBudget over as v1beta1 where the cluster knows no other.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { CoreV1Api, type V1Pod } from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connectNats } from "../../adapters/node/nats-connection.ts";
import { createNatsBus } from "../../src/bus/nats/nats-bus.ts";
import type { Bus } from "../../src/bus/port.ts";
import { decodeMessage } from "../../src/contract/decode.ts";
import { eventTypes, isTerminal, RunEvent } from "../../src/contract/events.ts";
import type { RunAddress } from "../../src/contract/names.ts";
import { startProgram, type Program } from "../faults/program.ts";
import { createCommands, type Commands } from "../permissions/commands.ts";
import { createDriverClient, createGuresid, readValues, type DriverClient } from "../support/driver-client.ts";
import { buildScriptRequest } from "../support/script-request.ts";
import { readEvents, readLog, readRunId } from "../support/story.ts";
import { waitUntil } from "../support/wait-until.ts";
import { loadKubeConfig, silentLogger } from "./support/cluster-stage.ts";
import { openGate, type Gate } from "./support/gate.ts";
import { mainImage } from "./support/helper-pod.ts";
import { findHostAddress } from "./support/host-address.ts";
import { agentName, nameImage, openCheckout, type Checkout } from "./support/install.ts";

const cluster = "prod";
const lines = 200;

let checkout: Checkout;
let commands: Commands;
let broker: { stop(): Promise<void> };
let door: Program;
let driver: DriverClient;
let bus: Bus;
let gate: Gate;
const core = loadKubeConfig().makeApiClient(CoreV1Api);

beforeAll(async () => {
  const host = await findHostAddress(core);
  [checkout, gate] = [await openCheckout(), await openGate(host)];
  commands = await createCommands(checkout.local);
  await commands.run("broker:init");
  // As docs/broker.md has it: the server's configuration is the operator's to edit, so that others reach it.
  await commands.listenOnAllAddresses();
  broker = await commands.startBroker("newest");
  const agentUrl = commands.url.replace("127.0.0.1", host);
  const added = await commands.runText(checkout.getBlock("add").replace("wss://nats.example.com", agentUrl));
  expect(added).toMatchObject({ code: 0 });
  await checkout.runBlock("copy");
  await nameImage(join(checkout.local, `clusters/${cluster}/kustomization.yaml`));
  await install();
  const environment = { NATS_URL: commands.url, PORT: "0", WAIT_SECONDS: "0" };
  door = await startProgram("node", { directory: checkout.path, environment, ready: /listens on http/ });
  driver = createDriverClient(/listens on (http:\S+)/.exec(door.output())?.[1] ?? "");
  const credentialsFile = join(checkout.local, "broker/front-door.creds");
  const connection = await connectNats({ url: commands.url, credentialsFile, name: "test", logger: silentLogger });
  bus = createNatsBus({ connection, ownsConnection: true });
});

afterAll(async () => {
  await bus.close();
  await door.kill("SIGTERM");
  await checkout.close();
  await broker.stop();
  await gate.close();
});

/** As the page has it, but for the names of namespaces. */
async function install(): Promise<void> {
  const [, directory = ""] = /^kubectl apply -k (\S+)$/.exec(checkout.getBlock("apply")) ?? [];
  await checkout.apply(await checkout.render(directory));
  await waitForRollout();
}

async function waitForRollout(): Promise<void> {
  const [, ...args] = checkout.getBlock("wait").split(" ");
  const own = args.map((arg) => (arg === "container-driver" ? checkout.namespaces.agent : arg));
  await checkout.kubectl([...own, "--timeout=120s"]);
}

const listAgents = async (): Promise<V1Pod[]> =>
  (await core.listNamespacedPod({ namespace: checkout.namespaces.agent })).items;

/** What agents say of themselves, for whoever looks at a test that failed. */
async function listReadiness(): Promise<string[]> {
  const agents = await listAgents();
  const describe = ({ status }: V1Pod) => status?.conditions?.find(({ type }) => type === "Ready")?.status ?? "?";
  return agents.filter(({ metadata }) => metadata?.deletionTimestamp === undefined).map(describe);
}

/** A run that prints half of its lines, waits at the gate, and prints the others. */
function buildRequest(name: string) {
  const print = (from: number, to: number) => `for i in $(seq ${from} ${to}); do echo "line $i"; done`;
  const script = [
    print(1, lines / 2),
    gate.awaitInShell(name),
    print(lines / 2 + 1, lines),
    `echo '{"name": "${name}"}' > "$OUTPUTS_FILE"`,
  ];
  return buildScriptRequest(script.join("\n"), { job: { image: mainImage } });
}

const wholeLog = Array.from({ length: lines }, (_, i) => `line ${i + 1}\n`).join("");

/** Asks, does something while the run waits at the gate, and looks whether it ended once, with all that it said. */
async function expectRunThrough(name: string, meanwhile: (runId: string) => Promise<void>) {
  const [guresid, body] = [createGuresid(), buildRequest(name)];
  const asked = await driver.put(guresid, body);
  expect(asked.status).toBe(202);
  const address = { cluster, runId: readRunId(asked) };
  await gate.arrival(name);
  await waitUntil("the agent has said that it runs", async () => (await readLast(address)).data.phase === "running");
  await meanwhile(address.runId);
  gate.open(name);
  const answer = await driver.provision(guresid, body);
  expect([answer.status, readValues(answer)]).toEqual([200, { name }]);
  expect(readRunId(answer)).toBe(address.runId);
  const events = await readEvents(bus, address);
  expect(events.filter(({ data }) => isTerminal(data.phase))).toHaveLength(1);
  expect(events.filter(({ type }) => type === eventTypes.running)).toHaveLength(1);
  expect(await readLog(bus, address)).toBe(wholeLog);
  return events;
}

async function readLast(address: RunAddress): Promise<RunEvent> {
  const event = decodeMessage(RunEvent, (await bus.events.last(address))?.data ?? new Uint8Array());
  if (event.ok) return event.value;
  throw new Error(`Cannot read the run's last event: ${event.problem}`);
}

/** The agent that spoke of a run last, as its pod is called; undefined where that pod is gone. */
async function findHolder(runId: string): Promise<string | undefined> {
  const { source } = await readLast({ cluster, runId });
  const names = (await listAgents()).map(({ metadata }) => metadata?.name ?? "");
  return names.find((name) => source.includes(`${name}-`));
}

describe("an agent of two replicas in the cluster", () => {
  test("answers a request with outputs, and leaves nothing of it", async () => {
    await expectRunThrough("plain", () => Promise.resolve());
    const namespace = checkout.namespaces.runs;
    const left = async () => {
      const { items } = await core.listNamespacedSecret({ namespace });
      return items.filter(({ metadata }) => metadata?.name?.startsWith("run-"));
    };
    await waitUntil("nothing is left", async () => (await left()).length === 0);
    await waitUntil("no pod is left", async () => (await core.listNamespacedPod({ namespace })).items.length === 0, {
      seconds: 60,
    });
  });

  test("loses one mid-run, deleted without grace: the other carries on, and the run ends once, with its whole log", async () => {
    let adopted: string | undefined;
    const events = await expectRunThrough("killed", async (runId) => {
      const holder = (await findHolder(runId)) ?? "";
      await checkout.kubectl(["-n", checkout.namespaces.agent, "delete", "pod", holder, "--grace-period=0", "--force"]);
      adopted = await waitUntil("another replica has the run", () => findHolder(runId), { seconds: 90 });
      expect(adopted).not.toBe(holder);
    });
    expect(events.map(({ type }) => type)).toContain(eventTypes.adopted);
    expect(events.at(-1)?.source).toContain(adopted);
    await waitForRollout();
  });

  test("is restarted mid-run, all of it: nothing is lost", async () => {
    const old = (await listAgents()).map(({ metadata }) => metadata?.name);
    await expectRunThrough("restarted", async () => {
      await checkout.kubectl(["-n", checkout.namespaces.agent, "rollout", "restart", `deployment/${agentName}`]);
      await waitForRollout();
      await waitUntil(
        "the old ones are gone",
        async () => (await listAgents()).every(({ metadata }) => !old.includes(metadata?.name)),
        { seconds: 60 },
      );
    });
  });

  test("is told of other secrets by a rollout, and has none of them in its objects", async () => {
    const { agent } = checkout.namespaces;
    const objects = await checkout.kubectl(["-n", agent, "get", "deployments,pods,configmaps,events", "-o", "json"]);
    for (const file of ["nats.creds", "keys.json"]) {
      const text = await readFile(join(checkout.local, `clusters/${cluster}`, file), "utf8");
      const secrets = text.match(/S[OAU][A-Z2-7]{56}|"d":"[^"]+"/g) ?? [];
      expect(secrets.length).toBeGreaterThan(0);
      for (const secret of secrets) expect(objects).not.toContain(secret.replace(/^"d":/, "").replaceAll('"', ""));
    }
    const old = (await listAgents()).map(({ metadata }) => metadata?.name);
    expect(await commands.run("broker:credentials", "renew", "--cluster", cluster)).toMatchObject({ code: 0 });
    await install();
    expect((await listAgents()).some(({ metadata }) => !old.includes(metadata?.name))).toBe(true);
    await expectRunThrough("renewed", () => Promise.resolve());
  });

  test("waits for a broker that is away: not ready, not restarted, and back by itself", async () => {
    await waitUntil("both are ready", async () => (await listReadiness()).join() === "True,True", { seconds: 60 });
    await broker.stop();
    await waitUntil("neither is ready", async () => (await listReadiness()).join() === "False,False", { seconds: 60 });
    broker = await commands.startBroker("newest");
    await waitUntil("both are ready again", async () => (await listReadiness()).join() === "True,True", {
      seconds: 60,
    });
    const statuses = (await listAgents()).flatMap(({ status }) => status?.containerStatuses ?? []);
    expect(new Set(statuses.map(({ restartCount }) => restartCount))).toEqual(new Set([0]));
    await expectRunThrough("back", () => Promise.resolve());
  });
});
