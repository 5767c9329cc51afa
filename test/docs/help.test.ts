/** The commands for operators explain themselves, and name every option that they take. */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import manifest from "../../package.json" with { type: "json" };

const root = new URL("../../", import.meta.url);
const commands = [
  "provision",
  "broker:init",
  "broker:start",
  "broker:credentials",
  "cluster:add",
  "cluster:remove",
  "team:add",
  "team:remove",
  "keys:rotate",
  "image",
  "bench",
] as const;

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(file: string, ...options: readonly string[]): Promise<Outcome> {
  try {
    return { code: 0, ...(await promisify(execFile)(process.execPath, [file, ...options], { cwd: root })) };
  } catch (error) {
    return error as Outcome;
  }
}

test.each(commands)("%s --help names its options, and a wrong one leads there", async (command) => {
  const file = manifest.scripts[command].split(" ").at(-1) ?? "";
  const source = await readFile(new URL(file, root), "utf8");
  const known = [...source.matchAll(/^ {2}"?([a-z-]+)"?: \{ type: "|const options = \{ ([a-z]+): \{ type: "/gm)];
  expect(known.length).toBeGreaterThan(0);
  for (const option of ["--help", "-h"]) {
    const { code, stdout, stderr } = await run(file, option);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toContain(`npm run ${command}`);
    for (const [, name = "", first = name] of known) expect(stdout).toContain(`--${first} `);
  }
  const wrong = await run(file, "--no-such");
  expect(wrong.code).toBe(1);
  expect(wrong.stderr).toMatch(/'--no-such'[^]*--help shows what is known/);
});
