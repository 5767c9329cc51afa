/** A reader that stands still while a run prints a lot: nobody but itself is any slower, and nothing is lost for it. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { createGuresid } from "../support/driver-client.ts";
import { buildScriptRequest } from "../support/script-request.ts";
import { readRunId } from "../support/story.ts";
import { waitUntil } from "../support/wait-until.ts";
import { awaitInShell } from "../support/witness.ts";
import { startScript, type Program } from "./program.ts";
import { waitUntilIdle } from "./run-story.ts";
import { cluster, openStage, timeout, type Stage } from "./stage.ts";

const mebibyte = 1024 ** 2;
const logMebibytes = 128;
/** Far less than the log, and more than the garbage collector leaves lying about. */
const mostGrowth = 96 * mebibyte;
const line = `${"0123456789abcdef".repeat(8).slice(1)}\n`;

async function readPeakMemory(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

const program = resolve(import.meta.dirname, "log-reader.ts");
const startReader = (stage: Stage, runId: string) =>
  startScript(program, { args: [stage.server.url, cluster, runId], directory: stage.directory, ready: /^reading$/m });
const readSummary = (reader: Program) =>
  waitUntil(
    "the reader is done",
    () => /(\d+) chunks, slowest (\d+) ms, sha256 (\w+)/.exec(reader.output()) ?? undefined,
  );

test(
  "a reader that stands still holds up no other reader, no run, and makes nobody hold its log in memory",
  { timeout },
  async (context) => {
    const stage = await openStage(context);
    const [driver, agent] = await Promise.all([stage.openFrontDoor(), stage.startAgent()]);
    const { path } = stage.witness;
    const request = buildScriptRequest(
      `echo begun; ${awaitInShell(`${path}/go`)}; yes ${line.trimEnd()} | head -c ${logMebibytes * mebibyte}; echo '{}' > "$OUTPUTS_FILE"`,
    );
    const guresid = createGuresid();
    const runId = readRunId(await driver.put(guresid, request));
    const [slow, quick] = await Promise.all([startReader(stage, runId), startReader(stage, runId)]);
    context.onTestFinished(async () => void (await Promise.all([slow.kill(), quick.kill()])));
    const before = await readPeakMemory(agent.pid);
    slow.pause();
    await stage.witness.write("go");
    expect((await driver.provision(guresid, request)).status).toBe(200);
    const [, chunks, slowest, hash] = await readSummary(quick);
    expect(Number(slowest)).toBeLessThan(10_000);
    const printed = createHash("sha256")
      .update("begun\n")
      .update(line.repeat((logMebibytes * mebibyte) / line.length));
    expect(hash).toBe(printed.digest("hex"));
    expect((await readPeakMemory(agent.pid)) - before).toBeLessThan(mostGrowth);
    await waitUntilIdle(stage);

    slow.resume();
    const [, chunksLate, , hashLate] = await readSummary(slow);
    expect([chunksLate, hashLate]).toEqual([chunks, hash]);
  },
);
