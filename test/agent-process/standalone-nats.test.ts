/** `npm start` with `NATS_URL`: front door and agent in one process, and what they know outlives it. */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { startNatsServer, type NatsServer } from "../nats/server.ts";
import { createDriverClient, createGuresid, readValues } from "../support/driver-client.ts";
import { buildScriptRequest } from "../support/script-request.ts";
import { startStandaloneProcess } from "../support/standalone-process.ts";
import { createTemporaryDirectory, type TemporaryDirectory } from "../support/temporary-directory.ts";
import { waitUntil } from "../support/wait-until.ts";
import { awaitInShell } from "../support/witness.ts";

let broker: NatsServer;
let directory: TemporaryDirectory;

beforeAll(async () => {
  broker = await startNatsServer();
  directory = await createTemporaryDirectory();
});
afterAll(async () => {
  await broker.close();
  await directory.remove();
});

async function start() {
  const environment = { NATS_URL: broker.url };
  const server = await startStandaloneProcess({ directory: directory.path, environment });
  onTestFinished(() => server.stop());
  return { server, driver: createDriverClient(server.url) };
}

describe("The standalone server over NATS", () => {
  test("makes what the broker lacks, and knows its resources after a restart", async () => {
    const guresid = createGuresid();
    const request = buildScriptRequest(`echo '{"n": 1}' > "$OUTPUTS_FILE"`);
    const first = await start();
    await waitUntil("the broker is provisioned", async () => (await first.driver.get(guresid)).status === 404);
    expect(readValues(await first.driver.provision(guresid, request))).toEqual({ n: 1 });
    expect((await first.server.end("SIGTERM")).code).toBe(0);
    const { driver } = await start();
    await waitUntil("it has found the broker again", async () => (await driver.get(guresid)).status === 200);
    expect((await driver.put(guresid, request)).status).toBe(200);
    expect((await driver.destroy(guresid)).status).toBe(204);
  });

  test("lets its runs go on when it is stopped, and takes them up again", async () => {
    const guresid = createGuresid();
    const first = await start();
    const witness = await first.server.createWitness();
    const script = `echo run >> ${witness.path}/runs; ${awaitInShell(`${witness.path}/may-leave`)}; echo '{"n": 2}' > "$OUTPUTS_FILE"`;
    const request = buildScriptRequest(script);
    await waitUntil("it is accepted", async () => (await first.driver.put(guresid, request)).status === 202);
    await witness.await("runs");
    expect((await first.server.end("SIGTERM")).code).toBe(0);
    await witness.write("may-leave");
    const { driver } = await start();
    await waitUntil("it has found the broker again", async () => (await driver.get(guresid)).status !== 503);
    expect(readValues(await driver.provision(guresid, request))).toEqual({ n: 2 });
    expect(await witness.read("runs")).toBe("run\n");
  });

  test("is there while the broker is away, stops at once, and recovers when it comes", async () => {
    await broker.kill("SIGKILL");
    const stopped = await start();
    expect((await stopped.driver.get(createGuresid())).status).toBe(503);
    const exit = await stopped.server.end("SIGINT");
    expect([exit.code, exit.milliseconds]).toEqual([0, expect.toSatisfy((time: number) => time < 5000)]);
    const { driver } = await start();
    expect((await driver.put(createGuresid(), buildScriptRequest("exit 0"))).status).toBe(503);
    await broker.restart();
    await waitUntil("it recovers", async () => (await driver.get(createGuresid())).status === 404);
    expect((await driver.provision(createGuresid(), buildScriptRequest("exit 0"))).status).toBe(200);
  });
});
