/** The commands of docs/running.md, run as they are printed, in a checkout whose `.local/` is the test's own. */
import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, symlink } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findFreePort } from "../runtimes/free-port.ts";
import { findProcesses, startCommand, type ScriptProcess } from "../runtimes/script-process.ts";
import { createTemporaryDirectory, type TemporaryDirectory } from "../support/temporary-directory.ts";

const root = resolve(import.meta.dirname, "../..");
let directory: TemporaryDirectory;
let checkout: string;
let home: string;
let blocks: Map<string, string>;
let ports: { tcp: number; webSocket: number };
const running: ScriptProcess[] = [];

beforeAll(async () => {
  const text = await readFile(join(root, "docs/running.md"), "utf8");
  const marked = text.matchAll(/<!-- tested: (\w+) -->\s+```sh\n([\s\S]*?)\n```/g);
  blocks = new Map([...marked].map(([, name = "", block = ""]) => [name, block]));
  directory = await createTemporaryDirectory();
  [checkout, home] = [join(directory.path, "checkout"), join(directory.path, "home")];
  for (const path of [checkout, home]) await mkdir(path, { mode: 0o700 });
  const shown = (await readdir(root)).filter((name) => !name.startsWith("."));
  for (const name of shown) await symlink(join(root, name), join(checkout, name));
  ports = { tcp: await findFreePort(), webSocket: await findFreePort() };
});
afterAll(async () => {
  for (const each of running.toReversed()) await each.stop();
  for (const { pid } of await findProcesses(home)) process.kill(pid, "SIGKILL");
  await directory.remove();
});

function getBlock(name: string): string {
  const block = blocks.get(name);
  if (block === undefined) throw new Error(`docs/running.md has no block that is marked as ${name}`);
  return block;
}

/** The printed defaults are the ones of every machine: a test has its own ports, and says so in the environment. */
const environment = () => ({
  PORT: "0",
  NATS_URL: `nats://127.0.0.1:${ports.tcp}`,
  RUNS_DIRECTORY: join(directory.path, "r"),
});

async function runBlock(name: string, more = ""): Promise<string> {
  const env = { PATH: process.env["PATH"], HOME: home, ...environment() };
  return (await promisify(execFile)("sh", ["-c", getBlock(name) + more], { cwd: checkout, env })).stdout;
}

async function startBlock(name: string, ready: RegExp, more: Record<string, string> = {}): Promise<ScriptProcess> {
  const options = { home, directory: checkout, environment: { ...environment(), ...more }, ready };
  const started = await startCommand(getBlock(name), options);
  running.push(started);
  return started;
}

test("a broker, a cluster, an agent, and a front door on each runtime: as docs/running.md has it", async () => {
  await runBlock("init", ` -- --port ${ports.tcp} --websocket-port ${ports.webSocket}`);
  await startBlock("broker", /Server is ready/);
  expect(await runBlock("add")).toContain("Cluster local is ready");
  const agent = startBlock("agent", /takes requests/);
  const listens = /listens on (http:\/\/[\d.:]+)/;
  const doors = await Promise.all([
    startBlock("node", listens),
    startBlock("deno", listens),
    startBlock("workers", /Ready on (http:\/\/[\d.:]+)/, { NATS_URL: `ws://127.0.0.1:${ports.webSocket}` }),
  ]);
  await agent;
  for (const { ready } of doors) {
    const ask = getBlock("ask")
      .replace("http://127.0.0.1:8787", ready)
      .replace("my-first-resource", `at-${new URL(ready).port}`);
    const { stdout } = await promisify(execFile)("sh", ["-c", ask], { cwd: checkout });
    expect(stdout).toMatch(/^HTTP\/1\.1 200 [^]*Hello, world!/);
  }
}, 120_000);

test("no marked block goes untested", () => {
  expect([...blocks.keys()].sort()).toEqual(["add", "agent", "ask", "broker", "deno", "init", "node", "workers"]);
});
