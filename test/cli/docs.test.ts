/** The commands of docs/cli.md, run as they are printed, through npx. */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startStandaloneProcess, type StandaloneProcess } from "../support/standalone-process.ts";
import { createTemporaryDirectory, type TemporaryDirectory } from "../support/temporary-directory.ts";

const root = resolve(import.meta.dirname, "../..");

let server: StandaloneProcess;
let directory: TemporaryDirectory;
let blocks: Map<string, string>;

beforeAll(async () => {
  const page = await readFile(resolve(root, "docs/cli.md"), "utf8");
  const marked = page.matchAll(/<!-- tested: (\w+) -->\s+```sh\n([\s\S]*?)```/g);
  blocks = new Map([...marked].map(([, name = "", text = ""]) => [name, text]));
  [server, directory] = await Promise.all([startStandaloneProcess(), createTemporaryDirectory()]);
});
afterAll(async () => {
  await server?.stop();
  await directory?.remove();
});

async function runBlock(name: string): Promise<{ stdout: string; stderr: string }> {
  const text = blocks.get(name);
  if (text === undefined) throw new Error(`docs/cli.md has no block that is marked as ${name}`);
  const own = text.replaceAll("/tmp/", `${directory.path}/`);
  const env = { ...process.env, CONTAINER_DRIVER_URL: server.url, NO_COLOR: "1" };
  return promisify(execFile)("sh", ["-ec", own], { cwd: root, env });
}

test("what the page says to run does what the page says", async () => {
  expect((await runBlock("run")).stdout).toBe("values\n  greeting  Hello, world!\nsecrets\n  password  ********\n");
  expect((await runBlock("lists")).stdout).toMatch(
    /^ID .*\n.*succeeded.*\nCLUSTER .*\nlocal .*\n(.*\n)*.* succeeded .*\n$/,
  );
  expect((await runBlock("destroy")).stderr).toMatch(/is gone\n$/);
  expect((await runBlock("conform")).stdout).toMatch(/\n\d+ passed, 0 failed/);
});

test("no marked block of the page goes untested", () => {
  expect([...blocks.keys()].sort()).toEqual(["conform", "destroy", "lists", "run"]);
});
