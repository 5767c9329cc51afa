/** The README's commands, run as they are printed, against a server that is started as it says. */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startStandaloneProcess, type StandaloneProcess } from "../support/standalone-process.ts";

const root = resolve(import.meta.dirname, "../..");
const run = promisify(execFile);

let server: StandaloneProcess;
let blocks: Map<string, string>;

beforeAll(async () => {
  const readme = await readFile(resolve(root, "README.md"), "utf8");
  const marked = readme.matchAll(/<!-- tested: (\w+) -->\s+```sh\n([\s\S]*?)```/g);
  blocks = new Map([...marked].map(([, name = "", text = ""]) => [name, text]));
  server = await startStandaloneProcess();
});
afterAll(() => server.stop());

/** Runs a block of the README, with the server's own address in place of the printed one, and gives each answer. */
async function runBlock(name: string): Promise<{ status: number; body: string }[]> {
  const text = blocks.get(name);
  if (text === undefined) throw new Error(`The README has no block that is marked as ${name}`);
  expect(text).toContain("http://127.0.0.1:8787");
  const { stdout } = await run("sh", ["-c", text.replaceAll("http://127.0.0.1:8787", server.url)], { cwd: root });
  return stdout.split(/^(?=HTTP\/)/m).map((answer) => {
    const [head = "", body = ""] = answer.split(/\r\n\r\n/, 2);
    return { status: Number(/^HTTP\/\S+ (\d+)/.exec(head)?.[1]), body };
  });
}

test("create, poll, update, a failure and destroy answer what the README says", async () => {
  expect(await runBlock("create")).toMatchObject([{ status: 202 }]);
  const [polled] = await runBlock("poll");
  expect(polled).toMatchObject({ status: 200, body: expect.stringContaining("world") });
  const [updated] = await runBlock("update");
  expect(updated).toMatchObject({ status: 200, body: expect.stringContaining("everybody") });
  const [failed] = await runBlock("failure");
  expect(failed).toMatchObject({ status: 400, body: expect.stringContaining("RES-101") });
  expect(await runBlock("destroy")).toMatchObject([{ status: 204 }, { status: 204 }]);
});

test("no marked block of the README goes untested", () => {
  expect([...blocks.keys()].sort()).toEqual(["create", "destroy", "failure", "poll", "update"]);
});
