/** What main is, and is not, when it is a process of this machine. */
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { lstat, readdir, readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Launcher } from "../../k8s-agent/launch/launcher.ts";
import { defaultPath } from "../../k8s-agent/local/build-main.ts";
import { startGitServer } from "../git/server.ts";
import { buildRun, sharedDirectory, type RunOptions } from "./build-run.ts";
import { awaitEnd, awaitOutput, readLog } from "./follow-run.ts";
import { openLocalPlace, readProcess, type LocalPlace } from "./local-place.ts";

let place: LocalPlace;
let launcher: Launcher;
beforeAll(async () => {
  place = await openLocalPlace();
  launcher = place.create();
});
afterAll(() => place.close());

/** Carries a run out and leaves it there. */
async function carryOut(options: RunOptions, by = launcher) {
  const run = buildRun(options);
  const { runId } = run.order;
  expect(await by.launch(run)).toMatchObject({ kind: "launched" });
  const [{ ended }, log] = await Promise.all([awaitEnd(by, runId), readLog(by, runId)]);
  return { runId, ended, text: log.toString(), files: place.getFiles(runId) };
}

test("main's environment is exactly what was promised, and nothing of the agent's", async () => {
  process.env["AGENT_ONLY"] = "agent";
  const { text, files } = await carryOut({
    job: { command: ["env", "-0"], variables: { "my-var": "a\nb", PLAIN: "1" } },
    values: { credentials_config: { environment: { TOKEN: "token" } }, files: { "sub/dir/x": "" } },
    secrets: { account: { token: "t" }, job: { variables: { SECRET: "s" } } },
  });
  const { workspace, exchange } = files;
  expect(Object.fromEntries(splitEnvironment(text))).toEqual({
    PATH: defaultPath,
    HOME: workspace,
    ACTION: "create",
    SCRIPTS_DIRECTORY: workspace,
    RESOURCE_INPUTS_FILE: `${exchange}/resource-inputs.json`,
    OUTPUTS_FILE: `${exchange}/outputs.json`,
    SECRET_OUTPUTS_FILE: `${exchange}/secret-outputs.json`,
    ERROR_FILE: `${exchange}/error.txt`,
    MANIFESTS_FILE: `${exchange}/manifests.json`,
    "my-var": "a\nb",
    PLAIN: "1",
    TOKEN: "t",
    SECRET: "s",
  });
});

function splitEnvironment(text: string): [string, string][] {
  const entries = text.split("\0").filter((entry) => entry !== "");
  return entries.map((entry) => [entry.slice(0, entry.indexOf("=")), entry.slice(entry.indexOf("=") + 1)]);
}

test("a request's own PATH and HOME stand, and the launcher's PATH otherwise", async () => {
  const own = await carryOut({ job: { command: ["/usr/bin/env"], variables: { PATH: "/own", HOME: "/nowhere" } } });
  expect(own.text).toContain("PATH=/own\n");
  expect(own.text).toContain("HOME=/nowhere\n");
  const configured = await carryOut({ job: { command: ["env"] } }, place.create({ path: "/bin:/usr/bin" }));
  expect(configured.text).toContain("PATH=/bin:/usr/bin\n");
});

test("the container's paths are moved in command, arguments and variables, but not in credentials and files", async () => {
  const { text, files } = await carryOut({
    job: {
      shared_directory: "/a/b",
      command: ["/bin/sh", "/a/b/run.sh"],
      args: ["-chdir=/a/b", "/a/bc", "/run/container-driver/outputs.json"],
      variables: { PLUGINS: "/a/b/x:/usr/lib" },
    },
    values: { credentials_config: { environment: { TOKEN: "token" } } },
    secrets: { account: { token: "/a/b" }, job: { variables: { KEY_FILE: "/a/b/key" } } },
    script: `for a in "$@" "$PLUGINS" "$KEY_FILE" "$TOKEN" /a/b; do echo "$a"; done`,
  });
  const { workspace, exchange } = files;
  const moved = [`-chdir=${workspace}`, `${exchange}/outputs.json`, `${workspace}/x:/usr/lib`, `${workspace}/key`];
  const [chdir, ...others] = moved;
  expect(text.split("\n")).toEqual([chdir, "/a/bc", ...others, "/a/b", "/a/b", ""]);
});

test("what a process can't have is warned of, one sentence each", async () => {
  const run = buildRun({
    job: { image: "alpine:3", command: ["true"], pod_template: "spec: {}", namespace: "ns", service_account: "sa" },
  });
  const why = "is ignored by the local launcher, which runs main as a process of this machine";
  const warnings = ["image alpine:3", "pod_template", "namespace ns", "service_account sa"].map(
    (what) => `${what} ${why}`,
  );
  expect(await launcher.launch(run)).toEqual({ kind: "launched", warnings });
  await awaitEnd(launcher, run.order.runId);
});

test.each([{ image: "alpine" }, { command: [] }, { command: [], args: ["x"] }, { command: [""] }])(
  "%j is refused, as there is no image whose entry point could be run",
  async (job) => {
    const run = buildRun({ job: { command: [], ...job } });
    const refused = await launcher.launch(run);
    expect(refused).toMatchObject({ kind: "refused" });
    expect(refused).toMatchObject({ message: expect.stringContaining("driver.values.job.command is missing") });
    expect(await launcher.list()).not.toContain(run.order.runId);
  },
);

test.each([
  [
    { job: { command: ["nowhere-to-be-found"] } },
    /^Cannot start "nowhere-to-be-found": there is no such program on PATH \//,
  ],
  [{ job: { command: ["./missing.sh"] } }, /^Cannot start "\.\/missing\.sh": there is no such file/],
  [{ job: { command: [`${sharedDirectory}/run.sh`] }, script: "#!/no/interpreter\n" }, /run\.sh": /],
  [{ job: { command: ["/etc/passwd"] } }, /^Cannot start "\/etc\/passwd": it is not an executable file/],
  [{ job: { command: ["/tmp"] } }, /^Cannot start "\/tmp": it is not an executable file/],
  [
    { job: { command: ["true"], variables: { BIG: "x".repeat(200_000) } } },
    /^Cannot start "true": its arguments and environment are longer than this machine allows/,
  ],
  [
    {
      job: { command: ["true"] },
      values: { credentials_config: { environment: { TOKEN: "token" } } },
      secrets: { account: { token: "a\0b" } },
    },
    /^Cannot start "true": an argument or a variable holds a NUL character/,
  ],
] satisfies [RunOptions, RegExp][])("a command that can't be started is named: %#", async (options, message) => {
  const { ended } = await carryOut(options);
  expect(ended.cause).toEqual({ kind: "start-failed", message: expect.stringMatching(message) });
});

test("no secret is in any process' arguments, nor in the supervisor's environment or the run's other files", async () => {
  const canary = `canary-${process.pid}-secret`;
  const run = buildRun({
    script: `echo ready; exec sleep 300`,
    values: { credentials_config: { environment: { TOKEN: "token" } } },
    secrets: { account: { token: canary }, job: { variables: { SECRET: canary } } },
    resource: { password: canary },
  });
  const { runId } = run.order;
  await launcher.launch(run);
  await awaitOutput(launcher, runId, "ready");
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  for (const pid of pids) expect(readIfAlive(pid), `process ${pid}`).not.toContain(canary);
  const [supervisor = 0] = place.findSupervisor(runId);
  expect(readProcess(supervisor, "environ")).not.toContain(canary);
  const { directory, exchange } = place.getFiles(runId);
  expect(await readFile(`${exchange}/resource-inputs.json`, "utf8")).toContain(canary);
  for (const name of ["main.log", "supervisor.log", "ended.json.draft"]) {
    expect(await readFile(`${directory}/${name}`, "utf8")).not.toContain(canary);
  }
  await launcher.remove(runId);
});

function readIfAlive(pid: number): string {
  try {
    return readProcess(pid, "cmdline");
  } catch {
    return "";
  }
}

test("others of this machine can't enter a run's directory", async () => {
  const { files } = await carryOut({ job: { command: ["true"] } });
  for (const path of [place.directory, files.directory]) expect((await lstat(path)).mode & 0o077).toBe(0);
  for (const path of [files.log, files.ended, files.supervisorLog]) expect((await lstat(path)).mode & 0o077).toBe(0);
});

test("children are ended with main: in its group, in sessions of their own, deaf to SIGTERM", async () => {
  const { runId, ended, text } = await carryOut({
    script: `
      sleep 301 &
      setsid sleep 302 >/dev/null 2>&1 &
      (trap '' TERM; sleep 303) &
      sh -c 'trap "echo last words; exit" TERM; touch listening; while :; do sleep 0.05; done' &
      while [ ! -e listening ]; do sleep 0.05; done
      exit 4`,
  });
  expect(ended.cause).toEqual({ kind: "exited", exitCode: 4 });
  expect(text).toContain("last words\n");
  expect(place.findMain(runId)).toEqual([]);
});

test("a process that hid and still holds the log doesn't hold the run up", async () => {
  const hidden = buildRun({ script: "env -i setsid sleep 40 & echo done" });
  const begun = performance.now();
  await launcher.launch(hidden);
  const { ended } = await awaitEnd(launcher, hidden.order.runId);
  expect(ended.cause).toEqual({ kind: "exited", exitCode: 0 });
  expect(performance.now() - begun).toBeLessThan(35_000);
  expect((await readLog(launcher, hidden.order.runId)).toString()).toBe("done\n");
});

test("whoever comes only after a run's end learns all that it went through, each stage once", async () => {
  const run = buildRun({ script: "exit 0" });
  const { runId } = run.order;
  await launcher.launch(run);
  await expect.poll(() => place.findAll(runId)).toEqual([]);
  const { statuses } = await awaitEnd(launcher, runId);
  expect(statuses.map(({ kind }) => kind)).toEqual(["starting", "running", "collecting", "ended"]);
});

test("stopped during setup, nothing is run, and setup's git is gone", async () => {
  const silent = createServer(() => undefined);
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  const connected = new Promise((resolve) => silent.once("connection", resolve));
  const { port } = silent.address() as AddressInfo;
  const run = buildRun({ script: "echo never", values: { source: { url: `http://127.0.0.1:${port}/x.git` } } });
  const { runId } = run.order;
  await launcher.launch(run);
  await connected;
  expect(place.findAll(runId).length).toBeGreaterThan(1);
  await launcher.stop(runId, { graceSeconds: 300 });
  const { statuses, ended } = await awaitEnd(launcher, runId);
  expect(ended).toEqual({ kind: "ended", cause: { kind: "signalled", signal: "SIGTERM" }, stopped: true });
  expect(statuses.map(({ kind }) => kind)).not.toContain("running");
  expect(await readdir(place.getFiles(runId).directory)).not.toContain("scratch");
  await expect.poll(() => place.findAll(runId)).toEqual([]);
  silent.close();
});

test("the time that a request has is kept even when no agent is there to keep it", async () => {
  const by = place.create({ backstopSeconds: 0, graceSeconds: 1 });
  const run = buildRun({
    script: "trap 'echo asked' TERM; echo ready; while :; do sleep 0.05; done",
    values: { timeout: 3 },
  });
  const { runId } = run.order;
  await by.launch(run);
  const { ended } = await awaitEnd(by, runId);
  expect(ended.cause).toMatchObject({ kind: "deadline", message: expect.stringContaining("timeout of 3 seconds") });
  expect((await readLog(by, runId)).toString()).toContain("asked\n");
});

test("an agent that stops a run at its deadline is not talked over by the backstop", async () => {
  const by = place.create({ backstopSeconds: 5, graceSeconds: 300 });
  const run = buildRun({ script: "trap '' TERM; echo ready; while :; do sleep 0.05; done", values: { timeout: 1 } });
  const { runId } = run.order;
  await by.launch(run);
  await awaitOutput(by, runId, "ready");
  // Until after the backstop.
  await by.stop(runId, { graceSeconds: 7 });
  const { ended } = await awaitEnd(by, runId);
  expect(ended.cause).toEqual({ kind: "signalled", signal: "SIGKILL" });
});

test("a run whose branch still points at the commit of the last success is not run", async () => {
  const server = await startGitServer();
  const repository = await server.createRepo("app", { "run.sh": "echo executed" });
  const values = { source: { url: server.url("app"), ref: "main", refresh: true } };
  const first = await carryOut({ values });
  expect(first.ended).toMatchObject({ cause: { kind: "exited", exitCode: 0 }, commit: repository.head });
  expect(first.text).toBe("executed\n");
  const second = await carryOut({ values, unlessCommit: repository.head });
  const unchanged = { kind: "ended", cause: { kind: "unchanged" }, commit: repository.head, stopped: false };
  expect(second.ended).toEqual(unchanged);
  expect(second.text).toBe("");
  await server.close();
});
