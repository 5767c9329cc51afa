/** Agents and supervisors that die, and disks and directories that are in the way. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { chmod, mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Launcher } from "../../k8s-agent/launch/launcher.ts";
import { stringifyJson } from "../../src/contract/json.ts";
import type { Run } from "../../src/contract/run.ts";
import { buildRun } from "./build-run.ts";
import { awaitEnd, awaitOutput, readLog, readPieces } from "./follow-run.ts";
import { openLocalPlace, type LocalPlace } from "./local-place.ts";

let place: LocalPlace;
let launcher: Launcher;
beforeAll(async () => {
  place = await openLocalPlace();
  launcher = place.create();
});
afterAll(() => place.close());

/** Starts an agent that launches the run, and kills it with SIGKILL when it has come that far. */
async function launchAndDie(run: Run, readBytes: number): Promise<string> {
  const program = fileURLToPath(new URL("launching-agent.ts", import.meta.url));
  const agent = spawn(process.execPath, [program, place.directory, String(readBytes)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  agent.stdin.end(stringifyJson(run));
  const [said] = (await once(agent.stdout, "data")) as [Buffer];
  agent.kill("SIGKILL");
  await once(agent, "exit");
  return said.toString();
}

function killOnly(pids: readonly number[], signal: NodeJS.Signals): void {
  expect(pids).toHaveLength(1);
  for (const pid of pids) process.kill(pid, signal);
}

test("an agent killed right after the launch loses nothing: another one carries on", async () => {
  const run = buildRun({
    script: `i=0; while [ $i -lt 30 ]; do echo line $i; i=$((i+1)); sleep 0.02; done; echo '{"a":1}' > "$OUTPUTS_FILE"`,
  });
  const { runId } = run.order;
  expect(await launchAndDie(run, 0)).toBe("launched 0\n");
  expect(await launcher.launch(run, { mustExist: true })).toMatchObject({ kind: "existing" });
  const { ended } = await awaitEnd(launcher, runId);
  expect(ended).toMatchObject({
    cause: { kind: "exited", exitCode: 0 },
    collected: { outputs: { value: { values: { a: 1 } } } },
  });
  const lines = Array.from({ length: 30 }, (_, index) => `line ${index}\n`);
  expect((await readLog(launcher, runId)).toString()).toBe(lines.join(""));
});

test("an agent killed while it reads a log of 100 MiB: another one reads all of it", { timeout: 120_000 }, async () => {
  const run = buildRun({
    script: `head -c 104857600 /dev/urandom > data; cat data
      printf '{"sum":"%s"}' "$(sha256sum < data | cut -c 1-64)" > "$OUTPUTS_FILE"`,
  });
  const { runId } = run.order;
  expect(await launchAndDie(run, 1_000_000)).toMatch(/^launched \d{7}/);
  const log = await readLog(launcher, runId);
  const { ended } = await awaitEnd(launcher, runId);
  const values = { sum: createHash("sha256").update(log).digest("hex") };
  expect(ended).toMatchObject({ collected: { outputs: { value: { values } } } });
  await launcher.remove(runId);
});

test("a supervisor that is killed is a lost run, and nothing of it goes on", async () => {
  const run = buildRun({ script: "trap '' TERM PIPE; echo ready; setsid sleep 300 & while :; do sleep 0.05; done" });
  const { runId } = run.order;
  await launcher.launch(run);
  await awaitOutput(launcher, runId, "ready");
  const watched = awaitEnd(launcher, runId);
  const log = readLog(launcher, runId);
  killOnly(place.findSupervisor(runId), "SIGKILL");
  const message = "Cannot tell how the run ended: its supervisor died before it could say";
  expect((await watched).ended).toEqual({ kind: "ended", cause: { kind: "lost", message } });
  expect((await log).toString()).toBe("ready\n");
  expect(place.findAll(runId)).toEqual([]);
  expect(place.logged).toContain("A run's supervisor died");
  expect(await launcher.launch(run)).toMatchObject({ kind: "existing" });
  expect((await awaitEnd(launcher, runId)).ended.cause.kind).toBe("lost");
  await launcher.stop(runId, { graceSeconds: 1 });
  await launcher.remove(runId);
  expect(await launcher.list()).not.toContain(runId);
});

test("a supervisor that is killed while nobody watches is found out by whoever looks next", async () => {
  const run = buildRun({ script: "trap '' TERM PIPE; echo ready; while :; do sleep 0.05; done" });
  const { runId } = run.order;
  await launcher.launch(run);
  await awaitOutput(launcher, runId, "ready");
  killOnly(place.findSupervisor(runId), "SIGKILL");
  await expect.poll(() => place.findSupervisor(runId)).toEqual([]);
  expect((await awaitEnd(place.create(), runId)).ended.cause.kind).toBe("lost");
  expect(place.findAll(runId)).toEqual([]);
});

test("a supervisor that is asked to end ends its run well", async () => {
  const run = buildRun({ script: "trap 'echo asked; exit 5' TERM; echo ready; while :; do sleep 0.05; done" });
  const { runId } = run.order;
  await launcher.launch(run);
  await awaitOutput(launcher, runId, "ready");
  killOnly(place.findSupervisor(runId), "SIGTERM");
  expect((await awaitEnd(launcher, runId)).ended.cause).toEqual({ kind: "exited", exitCode: 5 });
  expect((await readLog(launcher, runId)).toString()).toMatch(/^ready\n(.*\n)?asked\n$/);
});

test("a supervisor that hangs doesn't keep its run from being removed", async () => {
  const run = buildRun({ script: "echo ready; exec sleep 300" });
  const { runId } = run.order;
  await launcher.launch(run);
  await awaitOutput(launcher, runId, "ready");
  killOnly(place.findSupervisor(runId), "SIGSTOP");
  await expect(launcher.stop(runId, { graceSeconds: 1 })).rejects.toThrow(
    "Cannot stop the run: its supervisor does not answer within 5000 milliseconds",
  );
  await launcher.remove(runId);
  expect(place.findAll(runId)).toEqual([]);
  expect(await launcher.list()).not.toContain(runId);
});

test("supervisors leave nothing behind when their runs have ended", async () => {
  const run = buildRun({ script: "echo done" });
  const { runId } = run.order;
  await launcher.launch(run);
  await awaitEnd(launcher, runId);
  await expect.poll(() => place.findAll(runId)).toEqual([]);
});

test("an agent that dies between making a directory and the claim leaves a run that can be launched", async () => {
  const run = buildRun({ script: "echo executed" });
  const { runId } = run.order;
  await mkdir(place.getFiles(runId).directory);
  expect(await launcher.list()).toContain(runId);
  expect(await launcher.launch(run, { mustExist: true })).toEqual({ kind: "missing" });
  expect((await awaitEnd(launcher, runId)).ended.cause.kind).toBe("lost");
  expect(await launcher.launch(run)).toMatchObject({ kind: "launched" });
  await awaitEnd(launcher, runId);
  expect((await readLog(launcher, runId)).toString()).toBe("executed\n");
});

test("a supervisor that was told only half starts nothing", async () => {
  const run = buildRun({ script: "echo executed" });
  const { runId } = run.order;
  const { directory } = place.getFiles(runId);
  await mkdir(directory, { mode: 0o700 });
  const program = fileURLToPath(new URL("../../k8s-agent/local/supervisor.ts", import.meta.url));
  const supervisor = spawn(process.execPath, [program, directory], {
    cwd: directory,
    stdio: ["pipe", "ignore", "pipe"],
  });
  const complaint = once(supervisor.stderr, "data");
  supervisor.stdin.end(stringifyJson({ action: "create", inputs: run.inputs }).slice(0, -10));
  expect(String((await complaint)[0])).toContain("Error: Cannot supervise the run: what it was told is not JSON");
  if (supervisor.exitCode === null) await once(supervisor, "exit");
  expect(supervisor.exitCode).toBe(1);
  expect(await launcher.launch(run)).toMatchObject({ kind: "launched" });
});

test("a supervisor that ends before its claim makes the launch fail with its words, and nothing is claimed", async () => {
  const run = buildRun({ script: "echo executed" });
  const { inputs, order } = run;
  const broken = { order, inputs: { ...inputs, values: { job: { command: ["true"] } } } };
  await expect(launcher.launch(broken)).rejects.toThrow(
    `Cannot start a run's supervisor: it ended with exit code 1 (Error: Cannot supervise the run: what it was told is inputs.values.job.image is missing`,
  );
  expect(await launcher.launch(run, { mustExist: true })).toEqual({ kind: "missing" });
  expect(await launcher.launch(run)).toMatchObject({ kind: "launched" });
  expect((await awaitEnd(launcher, order.runId)).ended.cause).toEqual({ kind: "exited", exitCode: 0 });
});

test("a supervisor that can't be started at all makes the launch fail", async () => {
  const run = buildRun({ script: "echo executed" });
  const { directory } = place.getFiles(run.order.runId);
  await writeFile(directory, "in the way");
  await expect(launcher.launch(run)).rejects.toThrow("ENOTDIR");
  await rm(directory);
  expect(await launcher.launch(run)).toMatchObject({ kind: "launched" });
});

test("a log that has no room on the disk holds main up no longer, and the gap is told", async () => {
  const run = buildRun({ script: `head -c 300000 /dev/zero; echo '{"a":1}' > "$OUTPUTS_FILE"` });
  const { runId } = run.order;
  const { directory, log } = place.getFiles(runId);
  await mkdir(directory, { mode: 0o700 });
  await symlink("/dev/full", log);
  await launcher.launch(run);
  const { ended } = await awaitEnd(launcher, runId);
  expect(ended).toMatchObject({ collected: { outputs: { value: { values: { a: 1 } } } } });
  await rm(log);
  await writeFile(log, "");
  expect(await readPieces(launcher, runId)).toEqual([
    {
      mark: "0",
      bytes: new Uint8Array(0),
      gap: { bytes: 300_000, reason: "the log could not be written to the disk: ENOSPC" },
    },
  ]);
});

test("a result that has no room on the disk is a lost run that says so", async () => {
  const run = buildRun({ script: `echo '{"a":1}' > "$OUTPUTS_FILE"` });
  const { runId } = run.order;
  const { directory, ended } = place.getFiles(runId);
  await mkdir(directory, { mode: 0o700 });
  await symlink("/dev/full", `${ended}.whole`);
  await launcher.launch(run);
  const message = "Cannot write the result of the run to the disk: ENOSPC (main had exited with code 0)";
  expect((await awaitEnd(launcher, runId)).ended).toEqual({ kind: "ended", cause: { kind: "lost", message } });
});

test("a result that somebody has tampered with is a lost run that says so", async () => {
  const run = buildRun({ script: "true" });
  const { runId } = run.order;
  await launcher.launch(run);
  await awaitEnd(launcher, runId);
  await writeFile(place.getFiles(runId).ended, '{"ended":{"kind":"ended","cause":{"kind":"exited","exitCode":"0"}}}');
  expect((await awaitEnd(launcher, runId)).ended.cause).toMatchObject({
    kind: "lost",
    message: expect.stringContaining("ended.cause.exitCode is a string, must be a number"),
  });
});

test("whatever main did to its directory, the run is collected and removed", async () => {
  const run = buildRun({
    script: `mkdir -p deep/er && touch deep/er/file && chmod 000 deep/er && chmod 500 deep . && ln -s / root
      rm -rf "$(dirname "$OUTPUTS_FILE")"/* && chmod 000 "$(dirname "$OUTPUTS_FILE")"; cd /; echo done`,
  });
  const { runId } = run.order;
  await launcher.launch(run);
  const { ended } = await awaitEnd(launcher, runId);
  expect(ended.cause).toEqual({ kind: "exited", exitCode: 0 });
  await launcher.remove(runId);
  expect(await launcher.list()).not.toContain(runId);
});

test("main that removes its own directory, log and socket included, still ends", async () => {
  const run = buildRun({ script: `cd /; rm -rf "$(dirname "$HOME")"; echo done` });
  const { runId } = run.order;
  await launcher.launch(run);
  const { ended } = await awaitEnd(launcher, runId);
  expect(ended.cause.kind).toBe("lost");
  await expect.poll(() => place.findAll(runId)).toEqual([]);
  await launcher.remove(runId);
});

test("a runs' directory that others may enter is refused", async () => {
  await chmod(place.directory, 0o755);
  expect(() => place.create()).toThrow(`Cannot keep runs in ${place.directory}: its mode is 755`);
  await chmod(place.directory, 0o700);
});

test.each(["", "abc", "-1", "1.5", "1e3", "0x10", "99999999999999999999"])("%j is no mark of a log", async (from) => {
  const { runId } = buildRun({}).order;
  const log = launcher.readLog(runId, { from, signal: AbortSignal.timeout(20_000) });
  const reading = log[Symbol.asyncIterator]().next();
  await expect(reading).rejects.toThrow("a mark is a number of bytes");
});
