/** The standalone server as a process: how it starts, ends, dies, and begins again. */
import { spawnSync } from "node:child_process";
import { createServer, type AddressInfo } from "node:net";
import { join, resolve } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { createDriverClient, createGuresid, readMessage, readValues } from "../support/driver-client.ts";
import { isProcessAlive } from "../support/local-processes.ts";
import { listRuns } from "../support/runs-directory.ts";
import { buildScriptRequest } from "../support/script-request.ts";
import { startStandaloneProcess, type ProcessOptions } from "../support/standalone-process.ts";
import { createTemporaryDirectory } from "../support/temporary-directory.ts";
import { waitUntil } from "../support/wait-until.ts";
import type { Witness } from "../support/witness.ts";

const main = resolve(import.meta.dirname, "../../adapters/standalone/main.ts");

/** A server in a directory that outlives it. */
async function start(options: ProcessOptions = {}) {
  const directory = options.directory ?? (await makeDirectory());
  const server = await startStandaloneProcess({ ...options, directory });
  onTestFinished(() => server.stop());
  return { server, directory, driver: createDriverClient(server.url), witness: await server.createWitness() };
}

async function makeDirectory(): Promise<string> {
  const directory = await createTemporaryDirectory();
  onTestFinished(() => directory.remove());
  return directory.path;
}

/** Runs the server where it is expected not to start. */
function runToEnd(directory: string, environment: Record<string, string>) {
  return spawnSync(process.execPath, [main], {
    cwd: directory,
    env: { PATH: process.env["PATH"], ...environment },
    encoding: "utf8",
    timeout: 20_000,
  });
}

/** A port that was free a moment ago. */
async function findPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

/** A container with a child, both of which stay until they are stopped. */
const buildLongRequest = (witness: Witness, trap = "") =>
  buildScriptRequest(`${trap}
    sleep 300 & echo $! > ${witness.path}/child; echo $$ > ${witness.path}/main
    while :; do sleep 0.05 || true; done`);

async function awaitPids(witness: Witness): Promise<number[]> {
  return [Number(await witness.await("main")), Number(await witness.await("child"))];
}

async function areAlive(pids: readonly number[]): Promise<boolean[]> {
  return Promise.all(pids.map(isProcessAlive));
}

describe("The standalone server, stopped by SIGTERM", () => {
  it("with nothing to do ends with exit code 0 at once", async () => {
    const { server, driver } = await start();
    expect((await driver.provision(createGuresid(), buildScriptRequest("exit 0"))).status).toBe(200);
    const exit = await server.end("SIGTERM");
    expect({ code: exit.code, signal: exit.signal }).toEqual({ code: 0, signal: null });
    expect(exit.milliseconds).toBeLessThan(4500);
  });

  it("while a run goes on stops the whole process group, tells who waits, and leaves nothing", async () => {
    const { server, driver, witness } = await start();
    const waiting = driver.provision(createGuresid(), buildLongRequest(witness));
    const pids = await awaitPids(witness);
    expect(await areAlive(pids)).toEqual([true, true]);
    const exit = await server.end("SIGTERM");
    expect({ code: exit.code, signal: exit.signal }).toEqual({ code: 0, signal: null });
    expect(exit.milliseconds).toBeLessThan(8000);
    expect(await areAlive(pids)).toEqual([false, false]);
    const answer = await waiting;
    expect(answer.status).toBe(400);
    expect(readMessage(answer)).toContain("the server that ran it was stopped");
    expect(await listRuns(server.runsDirectory)).toEqual([]);
  });

  it("kills a run that ignores SIGTERM when its grace is over", async () => {
    const { server, driver, witness } = await start();
    await driver.put(createGuresid(), buildLongRequest(witness, `trap "" TERM`));
    const pids = await awaitPids(witness);
    const exit = await server.end("SIGTERM");
    expect(exit.code).toBe(0);
    expect(exit.milliseconds).toBeGreaterThan(900);
    expect(exit.milliseconds).toBeLessThan(8000);
    expect(await areAlive(pids)).toEqual([false, false]);
    expect(await listRuns(server.runsDirectory)).toEqual([]);
  });
});

describe("The standalone server, killed by SIGKILL while a run goes on", () => {
  it("removes what it left when it starts again, before the same request runs anew", async () => {
    const { server, driver, witness, directory } = await start();
    const port = Number(new URL(server.url).port);
    const guresid = createGuresid();
    await driver.put(guresid, buildLongRequest(witness));
    const pids = await awaitPids(witness);
    await server.end("SIGKILL");
    expect(await listRuns(server.runsDirectory)).not.toEqual([]);
    const again = await start({ directory, port });
    expect(again.server.url).toBe(server.url);
    const script = `if kill -0 ${pids[0]} 2> /dev/null; then echo '{"alone": false}'; else echo '{"alone": true}'; fi > "$OUTPUTS_FILE"`;
    const answer = await again.driver.provision(guresid, buildScriptRequest(script));
    expect(readValues(answer)).toEqual({ alone: true });
    expect(await areAlive(pids)).toEqual([false, false]);
    await waitUntil("all runs are removed", async () => (await listRuns(server.runsDirectory)).length === 0);
  });
});

describe("The standalone server", () => {
  it("on another port leaves the runs of the first one alone, though their directory is the same", async () => {
    const { directory, driver, witness } = await start();
    const guresid = createGuresid();
    await driver.put(guresid, buildLongRequest(witness));
    const pids = await awaitPids(witness);
    const second = await start({ directory });
    expect((await second.driver.provision(guresid, buildScriptRequest("exit 0"))).status).toBe(200);
    expect(await areAlive(pids)).toEqual([true, true]);
    expect((await driver.get(guresid)).status).toBe(202);
  });

  it("lets what is more than its capacity wait its turn", async () => {
    const { driver, witness } = await start({ environment: { CAPACITY: "2" } });
    const script = `mkdir ${witness.path}/$$; ls -d ${witness.path}/[0-9]* | wc -l >> ${witness.path}/counts; sleep 0.2; rmdir ${witness.path}/$$`;
    const answers = await Promise.all(
      Array.from({ length: 7 }, () => driver.provision(createGuresid(), buildScriptRequest(script))),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    const counts = (await witness.read("counts")).split("\n").filter(Boolean).map(Number);
    expect(counts).toHaveLength(7);
    expect(Math.max(...counts)).toBeLessThanOrEqual(2);
  });
});

describe("The standalone server refuses to start", () => {
  it("twice on one port, and the first one's run goes on", async () => {
    const port = await findPort();
    const { directory, driver, witness } = await start({ port });
    const guresid = createGuresid();
    await driver.put(guresid, buildLongRequest(witness));
    const pids = await awaitPids(witness);
    const second = runToEnd(directory, { PORT: String(port), RUNS_DIRECTORY: join(directory, "runs") });
    expect(second.status).toBe(1);
    expect(second.stderr).toContain(String(port));
    expect(await areAlive(pids)).toEqual([true, true]);
    expect((await driver.get(guresid)).status).toBe(202);
  });

  it("with variables that are wrong, and names each", async () => {
    const { status, stderr } = runToEnd(await makeDirectory(), {
      PORT: "70000",
      CLUSTER: "No Cluster",
      LAUNCHER: "magic",
    });
    expect(status).toBe(2);
    for (const name of ["PORT", "CLUSTER", "LAUNCHER"]) expect(stderr).toContain(name);
  });

  it("for others to reach without a token", async () => {
    const { status, stderr } = runToEnd(await makeDirectory(), { PORT: "0", HOST: "0.0.0.0" });
    expect(status).toBe(2);
    expect(stderr).toMatch(/HOST is 0\.0\.0\.0.*token/);
  });
});
