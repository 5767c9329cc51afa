/** What is seen on a terminal, and only there. */
import { resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createGuresid } from "../support/driver-client.ts";
import { startStandaloneProcess, type StandaloneProcess } from "../support/standalone-process.ts";
import { runCommand } from "./command.ts";

let server: StandaloneProcess;

beforeAll(async () => {
  server = await startStandaloneProcess();
});
afterAll(() => server?.stop());

const hello = resolve(import.meta.dirname, "../../examples/hello.json");
const run = (options: Parameters<typeof runCommand>[1], args: readonly string[] = []) =>
  runCommand(["run", "-f", hello, "--guresid", createGuresid(), ...args], { url: server.url, ...options });

const spinner = /[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] \w+, \d/;
const colour = /\x1b\[\d+m/;

test("on a terminal something moves, there are colours, and nothing is left of what moved", async () => {
  const { code, stdout } = await run({ terminal: true });
  expect(code).toBe(0);
  expect(stdout).toMatch(spinner);
  expect(stdout).toMatch(colour);
  const lines = stdout.split("\n").map((line) => line.replace(/^[^]*\r\x1b\[K/, "").replace(/\r$/, ""));
  expect(lines.filter((line) => spinner.test(line))).toEqual([]);
  expect(lines).toContain("  greeting  Hello, world!");
});

test("into a pipe there is text and nothing else", async () => {
  const { stdout, stderr } = await run({});
  expect(stdout + stderr).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f]/);
  expect(stderr).toContain("succeeded");
});

test.for<[what: string, environment: Record<string, string>, args: string[]]>([
  ["NO_COLOR", { NO_COLOR: "1" }, []],
  ["--no-color", {}, ["--no-color"]],
  ["a terminal without them", { TERM: "dumb" }, []],
])("%s: no colours, on a terminal either", async ([, environment, args]) => {
  const { code, stdout } = await run({ terminal: true, environment }, args);
  expect(code).toBe(0);
  expect(stdout).not.toMatch(colour);
  expect(stdout).toContain("Hello, world!");
});

test("JSON on a terminal is JSON alone", async () => {
  const { stdout } = await run({ terminal: true }, ["--json"]);
  const kinds = stdout
    .trim()
    .split("\r\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => (JSON.parse(line) as { kind: string }).kind);
  expect(kinds[0]).toBe("run");
  expect(kinds.at(-1)).toBe("result");
  expect(stdout).not.toContain("\x1b");
});
