/** On a broker with accounts: webhooks with credentials of their own, made and used as docs/webhooks.md says. */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { expect, test, type TestContext } from "vitest";
import { connectNats } from "../../adapters/node/nats-connection.ts";
import { createNatsBus } from "../../src/bus/nats/nats-bus.ts";
import { stringifyJson } from "../../src/contract/json.ts";
import { createRunId } from "../bus/stage.ts";
import { silentLogger } from "../cluster/support/cluster-stage.ts";
import { startScript } from "../faults/program.ts";
import { timeout } from "../faults/stage.ts";
import { createCommands } from "../permissions/commands.ts";
import { createWriter } from "../runs/stage.ts";
import { waitUntil } from "../support/wait-until.ts";

const root = resolve(import.meta.dirname, "../..");
const main = join(root, "adapters/webhooks/main.ts");
const cluster = "prod";

async function readBlock(): Promise<string> {
  const text = await readFile(join(root, "docs/webhooks.md"), "utf8");
  return /<!-- tested: credentials -->\s+```sh\n([\s\S]*?)```/.exec(text)?.[1] ?? "exit 99";
}

async function openBroker({ onTestFinished }: TestContext) {
  const commands = await createCommands(await mkdtemp(join(tmpdir(), "webhooks-")));
  onTestFinished(() => rm(commands.directory, { recursive: true, force: true }));
  await commands.run("broker:init");
  const broker = await commands.startBroker("newest");
  onTestFinished(() => broker.stop());
  expect(await commands.run("cluster:add", cluster)).toMatchObject({ code: 0, stderr: "" });
  expect(await commands.runText(await readBlock())).toMatchObject({ code: 0, stderr: "" });
  const credentialsFile = join(commands.directory, "broker/front-door.creds");
  const options = { url: commands.url, credentialsFile, name: "test", logger: silentLogger };
  const connection = await connectNats({ ...options, patienceMilliseconds: 5000 });
  onTestFinished(() => connection.close());
  return { commands, connection };
}

test(
  "events are delivered, parked and delivered again with credentials that can do no more",
  { timeout },
  async (context) => {
    const { commands, connection } = await openBroker(context);
    const told: string[] = [];
    let gone = true;
    const server = createServer((request, response) => {
      let body = "";
      request.setEncoding("utf8").on("data", (more: string) => (body += more));
      request.on("end", () => {
        const type = /"type":"(run\.\w+\.v1)"/.exec(body)?.[1] ?? body;
        told.push(type);
        response.writeHead(gone && type === "run.failed.v1" ? 410 : 204).end();
      });
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    context.onTestFinished(() => void server.close());

    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const environment = {
      NATS_URL: commands.url,
      NATS_CREDENTIALS: join(commands.directory, "teams/webhooks/nats.creds"),
      NATS_API_PREFIX: "HUB.API",
      CLUSTERS: await readFile(join(commands.directory, "clusters.json"), "utf8"),
      WEBHOOKS: stringifyJson({ team: { url, secrets: [`whsec_${btoa("x".repeat(32))}`], private: true } }),
    };
    const ready = /are delivered/;
    const program = await startScript(main, { directory: commands.directory, environment, ready });
    context.onTestFinished(() => program.kill());
    const { records } = createNatsBus({ connection, bucket: "webhooks" });
    await waitUntil("it begins", async () => (await records.get(`team.${cluster}`)) !== undefined);

    const { event } = createWriter(createNatsBus({ connection }));
    const address = { cluster, runId: createRunId() };
    for (const kind of ["requested", "accepted", "failed"] as const) await event(address, kind);
    await waitUntil("it is given up", () => program.countLogged("A webhook was given up and parked") > 0);
    expect(told).toEqual(["run.requested.v1", "run.accepted.v1", "run.failed.v1"]);

    const command = async (...args: string[]) => {
      const env = { PATH: process.env["PATH"], ...environment };
      return (await promisify(execFile)(process.execPath, [main, ...args], { cwd: commands.directory, env })).stdout;
    };
    expect(await command("parked", "team")).toContain(address.runId);
    gone = false;
    expect(await command("replay", "team")).toBe(`${cluster}: 1 to be delivered again\n`);
    await waitUntil("it is told again", () => told.length === 4);
    expect(await command("parked", "team")).toBe("");
  },
);
