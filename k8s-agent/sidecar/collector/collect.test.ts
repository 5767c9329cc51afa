import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { PassThrough, Writable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { limits } from "../../../src/contract/limits.ts";
import { openCollected } from "../messages/collected.ts";
import { collect, type CollectOptions } from "./collect.ts";

const key = Buffer.alloc(32, 3).toString("base64url");
let directory = "";
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), "collect-"));
  await writeFile(path.join(directory, "key"), `${key}\n`);
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const write = (file: string, text: string) => writeFile(path.join(directory, file), text);

function start(changed: Partial<CollectOptions> = {}) {
  const controller = new AbortController();
  const output = new PassThrough();
  const errors: string[] = [];
  const ended = collect({
    action: "create",
    keyFile: path.join(directory, "key"),
    exchangeDirectory: directory,
    termination: controller.signal,
    output,
    logError: (text) => errors.push(text),
    ...changed,
  });
  return { stop: () => controller.abort(), output, errors, ended };
}

const open = async (printed: unknown) => openCollected(String(printed).trimEnd(), key);

describe("the collector", () => {
  test("prints what there is at main's end, not before", async () => {
    const { stop, output, ended } = start();
    await write("outputs.json", '{"early":true}');
    expect(output.readableLength).toBe(0);
    await write("outputs.json", '{"late":true}');
    stop();
    expect(await ended).toBe(0);
    expect(await open(output.read())).toMatchObject({
      ok: true,
      value: { outputs: { value: { values: { late: true } } } },
    });
  });

  test("that was stopped before it began prints all the same", async () => {
    const { output, ended } = start({ termination: AbortSignal.abort() });
    expect(await ended).toBe(0);
    expect(await open(output.read())).toMatchObject({ ok: true, value: { outputs: { ok: true } } });
  });

  test("without its key, or with an action that there isn't, says so at once", async () => {
    const missing = start({ keyFile: path.join(directory, "nowhere") });
    expect([await missing.ended, missing.errors.join()]).toEqual([1, expect.stringMatching(/^Cannot collect: ENOENT/)]);
    const strange = start({ action: "update" });
    expect([await strange.ended, strange.errors.join()]).toEqual([
      1,
      expect.stringContaining("Cannot collect: the action"),
    ]);
  });

  test("whose output is gone fails, and doesn't say what it has read", async () => {
    await write("outputs.json", '{"a":"canary"}');
    const output = new Writable({ write: (_chunk, _encoding, done) => done(new Error("EPIPE")) });
    const { ended, errors } = start({ termination: AbortSignal.abort(), output });
    expect([await ended, errors]).toEqual([1, ["Cannot collect: EPIPE"]]);
  });
});

/** The program itself has its paths from the image: this one has the directory of the test. */
const program = `
import { termination } from ${stringifyPath("../termination.ts")};
import { collect } from ${stringifyPath("./collect.ts")};
const [exchangeDirectory, keyFile] = process.argv.slice(1);
console.error("ready");
process.exitCode = await collect({
  action: "create", keyFile, exchangeDirectory, termination, output: process.stdout, logError: console.error,
});`;

function stringifyPath(file: string): string {
  return JSON.stringify(fileURLToPath(new URL(file, import.meta.url)));
}

describe("as a process", () => {
  test("it gives the whole line to a reader that is slow, however often it is told to stop", async () => {
    const values = { a: "x".repeat(limits.outputsBytes - 8) };
    await write("outputs.json", JSON.stringify(values));
    const args = ["--input-type=module-typescript", "-e", program, directory, path.join(directory, "key")];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
    const exited = once(child, "exit");
    await once(child.stderr, "data");
    for (let i = 0; i < 3; i++) child.kill("SIGTERM");
    const chunks: Buffer[] = [];
    for await (const chunk of child.stdout) {
      // While most of the line is still on its way.
      if (chunks.push(chunk as Buffer) < 3) child.kill("SIGTERM");
      await delay(5);
    }
    expect(await exited).toEqual([0, null]);
    expect(await open(Buffer.concat(chunks))).toMatchObject({
      ok: true,
      value: { outputs: { ok: true, value: { values } } },
    });
  });
});
