/** Webhooks of real runs: the program that delivers them, its replicas, and a receiver that checks every signature. */
import { execFile } from "node:child_process";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { expect, test, type TestContext } from "vitest";
import { createNatsBus } from "../../src/bus/nats/nats-bus.ts";
import { decodeMessage, encodeMessage } from "../../src/contract/decode.ts";
import { RunEvent } from "../../src/contract/events.ts";
import { stringifyJson } from "../../src/contract/json.ts";
import { startScript } from "../faults/program.ts";
import { cluster, openStage, timeout, type Stage } from "../faults/stage.ts";
import { readMetrics } from "../metrics/read-metrics.ts";
import { findFreePort } from "../runtimes/free-port.ts";
import { createGuresid } from "../support/driver-client.ts";
import { buildScriptRequest } from "../support/script-request.ts";
import { readRunId } from "../support/story.ts";
import { waitUntil } from "../support/wait-until.ts";

const main = resolve(import.meta.dirname, "../../adapters/webhooks/main.ts");
const secret = Buffer.alloc(32, 7);

interface Told {
  readonly id: string;
  readonly event: RunEvent;
  readonly status: number;
}

/** A receiver; `answer` says with which status. Whatever isn't signed right fails the test. */
async function listen({ onTestFinished }: TestContext, answer: (event: RunEvent) => number) {
  const told: Told[] = [];
  const problems: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks);
      const header = (name: string) => String(request.headers[name]);
      const [id, timestamp] = [header("webhook-id"), header("webhook-timestamp")];
      const signed = createHmac("sha256", secret).update(`${id}.${timestamp}.`).update(body).digest("base64");
      if (header("webhook-signature") !== `v1,${signed}`) problems.push(`${id} is not signed right`);
      if (Math.abs(Number(timestamp) * 1000 - Date.now()) > 60_000) problems.push(`${id} has a wrong time`);
      const event = decodeMessage(RunEvent, body);
      if (!event.ok || body.includes('"sealed"')) return void problems.push(`${id}: ${body.toString()}`);
      const status = answer(event.value);
      told.push({ id, event: event.value, status });
      response.writeHead(status).end();
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { told, problems, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
}

async function arrange(context: TestContext, answer: (event: RunEvent) => number) {
  const stage = await openStage(context);
  const driver = await stage.openFrontDoor();
  await stage.startAgent();
  const receiver = await listen(context, answer);
  const secrets = [`whsec_${secret.toString("base64")}`];
  const environment = {
    NATS_URL: stage.server.url,
    WEBHOOKS: stringifyJson({ team: { url: receiver.url, secrets, private: true } }),
  };
  const start = async (more: Record<string, string> = {}) => {
    const all = { ...environment, ...more };
    const program = await startScript(main, { directory: stage.directory, environment: all, ready: /are delivered/ });
    context.onTestFinished(() => program.kill());
    return program;
  };
  const command = async (args: readonly string[], more: Record<string, string> = {}) => {
    const env = { PATH: process.env["PATH"], ...environment, ...more };
    return (await promisify(execFile)(process.execPath, [main, ...args], { cwd: stage.directory, env })).stdout;
  };
  const run = async () => readRunId(await driver.provision(createGuresid(), buildScriptRequest("exit 0")));
  return { stage, start, command, run, ...receiver };
}

const phasesOf = (told: readonly Told[], runId: string) =>
  told.filter(({ event, status }) => event.data.runId === runId && status === 200).map(({ event }) => event.data.phase);
const hasEnded = (told: readonly Told[], runId: string) => () =>
  Promise.resolve(phasesOf(told, runId).includes("succeeded"));

/** As the broker has them: of a short run on a busy machine, or while the broker was away, an agent may not see every phase. */
async function readPhases({ bus }: Stage, runId: string): Promise<Set<string>> {
  const address = { cluster, runId };
  const last = (await bus.events.last(address))?.sequence ?? 0;
  const phases = new Set<string>();
  for await (const { data, sequence } of bus.events.follow(address, {
    after: 0,
    signal: AbortSignal.timeout(10_000),
  })) {
    const event = decodeMessage(RunEvent, data);
    if (event.ok) phases.add(event.value.data.phase);
    if (sequence >= last) break;
  }
  return phases;
}

async function isHeld({ connection }: Stage): Promise<boolean> {
  const { records } = createNatsBus({ connection, bucket: "webhooks" });
  return (await records.get(`team.${cluster}`)) !== undefined;
}

test("a run's events come in order, signed, and without doubles while nothing fails", { timeout }, async (context) => {
  const { stage, start, run, told, problems } = await arrange(context, () => 200);
  await start();
  await waitUntil("it begins", () => isHeld(stage));
  const runs = [await run(), await run()];
  for (const runId of runs) {
    await waitUntil("its end is told", hasEnded(told, runId));
    expect(new Set(phasesOf(told, runId))).toEqual(await readPhases(stage, runId));
    const sequences = told.filter(({ event }) => event.data.runId === runId).map(({ id }) => Number(id.split("_")[1]));
    expect(sequences).toEqual([...new Set(sequences)].sort((one, other) => one - other));
  }
  expect(problems).toEqual([]);
});

test("a program that is killed is followed by its replica, which tells the rest", { timeout }, async (context) => {
  let broken = true;
  const { stage, start, run, told, problems } = await arrange(context, () => (broken ? 500 : 200));
  const first = await start();
  await waitUntil("it begins", () => isHeld(stage));
  const second = await start();
  const runId = await run();
  await waitUntil(
    "a try has failed",
    async () => first.countLogged("A webhook was not delivered; it is tried again") > 0,
  );
  // What was tried is stored before it is killed, or tried again at once: both are well.
  await first.kill("SIGKILL");
  broken = false;
  await waitUntil("the end is told", hasEnded(told, runId), { seconds: 80 });
  expect(new Set(phasesOf(told, runId))).toEqual(await readPhases(stage, runId));
  expect(second.countLogged("Delivers webhooks")).toBe(1);
  expect(problems).toEqual([]);
});

test(
  "a program that is stopped hands over at once, and what happened meanwhile is told",
  { timeout },
  async (context) => {
    const { stage, start, run, told, problems } = await arrange(context, () => 200);
    const first = await start();
    await waitUntil("it begins", () => isHeld(stage));
    await first.kill("SIGTERM");
    const runId = await run();
    expect(told).toEqual([]);
    await start();
    await waitUntil("the end is told", hasEnded(told, runId));
    expect(new Set(phasesOf(told, runId))).toEqual(await readPhases(stage, runId));
    expect(problems).toEqual([]);
  },
);

test(
  "what a target refused for good is shown, and delivered again when it is asked for",
  { timeout },
  async (context) => {
    let gone = true;
    const isEnd = ({ data }: RunEvent) => data.phase === "succeeded";
    const { stage, start, command, run, told } = await arrange(context, (event) => (gone && isEnd(event) ? 410 : 200));
    const port = await findFreePort();
    const program = await start({ METRICS_PORT: String(port) });
    await waitUntil("it begins", () => isHeld(stage));
    const runId = await run();
    await waitUntil("it is given up", async () => program.countLogged("A webhook was given up and parked") > 0);
    const shown = await command(["parked", "team"]);
    expect(shown).toContain(`"runId":"${runId}"`);
    expect(shown).toContain("the target answered 410");
    gone = false;
    expect(await command(["replay", "team"])).toBe("local: 1 to be delivered again\n");
    await waitUntil("the end is told", hasEnded(told, runId));
    await waitUntil("all of it is counted", async () => {
      const { sum } = await readMetrics(port);
      const events = (outcome: string) =>
        sum("container_driver_webhook_events_total", { subscription: "team", outcome });
      const tries = sum("container_driver_webhook_try_duration_seconds_count", { outcome: "gone" });
      const waiting = sum("container_driver_webhook_runs_pending") + sum("container_driver_webhook_oldest_seconds");
      const held = sum("container_driver_webhook_outboxes_held");
      const counted = [events("delivered"), events("parked"), tries, waiting, held];
      return counted.join() === [told.length - 1, 1, 1, 0, 1].join();
    });
  },
);

test(
  "what was given up in a cluster is shown, though another cluster's list can't be read",
  { timeout },
  async (context) => {
    const { stage, command } = await arrange(context, () => 200);
    const { records } = createNatsBus({ connection: stage.connection, bucket: "webhooks" });
    const parked = {
      runId: "01jd0v8e3k7xw2m4n6p8q0r1s2",
      sequence: 1,
      type: "run.failed.v1",
      at: "",
      attempts: 9,
      problem: "down",
    };
    await records.set("team.aged.parked", encodeMessage({ canary: true }), 0);
    await records.set(`team.${cluster}.parked`, encodeMessage({ v: 1, parked: [parked] }), 0);
    const CLUSTERS = stringifyJson({ aged: {}, [cluster]: {} });
    const shown = await command(["parked", "team"], { CLUSTERS }).catch((error: unknown) => error);
    expect(shown).toMatchObject({
      code: 1,
      stdout: `${stringifyJson({ cluster, ...parked })}\n`,
      stderr: "aged: Cannot read the record team.aged.parked: v is missing; parked is missing\n",
    });
  },
);

test("a broker that is killed and comes back makes nobody miss anything", { timeout }, async (context) => {
  const { stage, start, run, told, problems } = await arrange(context, () => 200);
  await start();
  await waitUntil("it begins", () => isHeld(stage));
  const before = await run();
  await stage.server.kill("SIGKILL");
  await stage.server.restart();
  const after = await waitUntil("a run is placed", () => run().catch(() => undefined), { seconds: 30 });
  for (const runId of [before, after]) {
    await waitUntil("its end is told", hasEnded(told, runId), { seconds: 60 });
    expect(new Set(phasesOf(told, runId))).toEqual(await readPhases(stage, runId));
  }
  expect(problems).toEqual([]);
});
