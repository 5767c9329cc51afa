import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { join } from "node:path";
import { writeFile } from "node:fs/promises";
import { createDriverClient, createGuresid, type DriverClient } from "../support/driver-client.ts";
import { buildScriptRequest } from "../support/script-request.ts";
import { startStandaloneProcess, type StandaloneProcess } from "../support/standalone-process.ts";
import { createTemporaryDirectory, type TemporaryDirectory } from "../support/temporary-directory.ts";
import { readJsonLines, runCommand, startCommand, type CommandOptions } from "./command.ts";

let server: StandaloneProcess;
let driver: DriverClient;
let directory: TemporaryDirectory;

const good = createGuresid();
const bad = createGuresid();
let goodRun: string;
let badRun: string;

const runHeader = "container-driver-run";
const nobody = "01arz3ndektsv4rrffq69g5fav";

const command = (args: readonly string[], options: CommandOptions = {}) =>
  runCommand(args, { url: server.url, ...options });

/** Waits for a run's end and gives its id. */
async function provision(guresid: string, script: string): Promise<string> {
  const answer = await driver.provision(guresid, buildScriptRequest(script));
  return String(answer.headers[runHeader]);
}

/** Starts a run and gives its id. */
async function put(guresid: string, script: string): Promise<string> {
  const answer = await driver.put(guresid, buildScriptRequest(script));
  return String(answer.headers[runHeader]);
}

beforeAll(async () => {
  [server, directory] = await Promise.all([startStandaloneProcess(), createTemporaryDirectory()]);
  driver = createDriverClient(server.url);
  const colours = String.raw`printf '\033[31mred\033[0m \033]0;title\007\033[2Jend\nwithout a line end'`;
  goodRun = await provision(good, `${colours}; printf '{"host": "a"}' > $OUTPUTS_FILE`);
  badRun = await provision(bad, `seq 1 50; printf 'no \\033[2Jroom' > $ERROR_FILE; exit 3`);
});
afterAll(async () => {
  await server?.stop();
  await directory?.remove();
});

describe("container-driver runs", () => {
  test("lists runs, newest first, and those that are asked for", async () => {
    const { code, stdout } = await command(["runs"]);
    expect(code).toBe(0);
    const [header, ...rows] = stdout.trimEnd().split("\n");
    expect(header).toMatch(/^ID +STATUS +REQUESTED +TOOK +CLUSTER +RESOURCE +TYPE +ACTION +REASON$/);
    expect(rows.findIndex((row) => row.startsWith(badRun))).toBeLessThan(
      rows.findIndex((row) => row.startsWith(goodRun)),
    );
    expect(rows.find((row) => row.startsWith(badRun))).toMatch(/ failed .* local .* create +exit-code$/);

    const failed = JSON.parse(
      (await command(["runs", "--json", "--guresid", bad, "--status", "failed", "--since", "1h"])).stdout,
    );
    expect(failed.runs).toMatchObject([{ id: badRun, status: "failed", reason: "exit-code" }]);
  });

  test("says that there are more, and that there are none", async () => {
    const one = await command(["runs", "--limit", "1"]);
    expect(one.stdout.trimEnd().split("\n")).toHaveLength(2);
    expect(one.stderr).toContain("--limit shows more");
    expect(await command(["runs", "--guresid", "not-there"])).toMatchObject({
      code: 0,
      stdout: "",
      stderr: "There are no such runs\n",
    });
  });

  test.for([
    ["--limit", "0"],
    ["--since", "yesterday"],
  ])("ends with 2 for %j", async (args) => {
    expect(await command(["runs", ...args])).toMatchObject({ code: 2, stdout: "" });
  });

  test("ends with 2 for a filter that the server doesn't take, in its words", async () => {
    expect(await command(["runs", "--status", "happy"])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^Cannot list runs: status must be/),
    });
  });

  test("ends quietly when whoever reads has had enough", async () => {
    const { code, stdout, stderr } = await runCommand(["events", goodRun, "--json"], {
      url: server.url,
      shell: "| head -n 1",
    });
    expect({ code, lines: stdout.split("\n").length, stderr }).toEqual({ code: 0, lines: 2, stderr: "" });
  });
});

describe("container-driver logs", () => {
  test("prints the log and nothing else, without what would move the cursor", async () => {
    expect(await command(["logs", goodRun])).toEqual({ code: 0, stdout: "red end\nwithout a line end", stderr: "" });
    const coloured = await command(["logs", goodRun], { environment: { FORCE_COLOR: "1" } });
    expect(coloured.stdout).toBe("\x1b[31mred\x1b[0m end\nwithout a line end");
  });

  test("prints the bytes themselves when they are asked for", async () => {
    const { stdout } = await command(["logs", goodRun, "--raw"]);
    expect(stdout).toBe("\x1b[31mred\x1b[0m \x1b]0;title\x07\x1b[2Jend\nwithout a line end");
  });

  test("prints the last lines", async () => {
    expect((await command(["logs", badRun, "--tail", "2"])).stdout).toBe("49\n50\n");
    expect(await command(["logs", badRun, "--tail", "all"])).toMatchObject({ code: 2 });
  });

  test("speaks JSON that no terminal obeys", async () => {
    const { stdout } = await command(["logs", goodRun, "--json"]);
    expect(stdout).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
    expect(
      readJsonLines(stdout)
        .map(({ text }) => text)
        .join(""),
    ).toContain("\x1b[31mred");
  });

  test("follows a run that goes on, until its end", async () => {
    const flag = join(directory.path, "go-on");
    const id = await put(createGuresid(), `echo first; while [ ! -e ${flag} ]; do sleep 0.1; done; echo last`);
    const following = startCommand(["logs", "-f", id], { url: server.url });
    await following.awaitText(/first\n/);
    expect(await command(["logs", id])).toMatchObject({ code: 0, stdout: "first\n" });
    await writeFile(flag, "");
    expect(await following.finished).toMatchObject({ code: 0, stdout: "first\nlast\n" });
  });

  test("a run that isn't there, and what can't be one, are told apart", async () => {
    expect(await command(["logs", nobody])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^There is no such run/),
    });
    expect(await command(["logs", "../clusters"])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/is no run's id/),
    });
    expect(await command(["logs", goodRun.toUpperCase()])).toMatchObject({ code: 0 });
  });
});

describe("container-driver explain", () => {
  test("has the reason on top, then what to do, the timeline and the end of the log", async () => {
    const { code, stdout } = await command(["explain", badRun]);
    expect(code).toBe(0);
    const order = [
      `Run ${badRun} failed`,
      "Why: exit-code",
      "  no room",
      "  exitCode: 3",
      "What to do: ",
      "Timeline",
      "requested",
      "  failed",
      "End of the log",
      "  31",
      "  50",
    ];
    const places = order.map((text) => stdout.indexOf(text));
    expect(places).not.toContain(-1);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(stdout).not.toContain("\n  30\n");
    expect(stdout).not.toContain("\x1b");
  });

  test("names the outputs of a run that went well, and never their values", async () => {
    const { stdout } = await command(["explain", goodRun]);
    expect(stdout).toContain(`Run ${goodRun} succeeded`);
    expect(stdout).toContain("Outputs  host\n");
  });

  test("is JSON for programs, with the advice", async () => {
    const { stdout } = await command(["explain", badRun, "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({
      id: badRun,
      failure: { reason: "exit-code" },
      advice: expect.any(String),
      logTail: expect.stringMatching(/50\n$/),
    });
  });
});

describe("container-driver events and clusters", () => {
  test("show what happened, to one run and to all", async () => {
    const one = await command(["events", badRun]);
    const kinds = one.stdout
      .trimEnd()
      .split("\n")
      .map((line) => line.split(/ +/)[1]);
    expect(kinds).toEqual(["requested", "accepted", "starting", "warned", "running", "collecting", "failed"]);
    const all = readJsonLines((await command(["events", "--json", "--since", "1h"])).stdout);
    const seen = all.map(({ data }) => (data as { runId: string }).runId);
    expect(seen.filter((id) => id === badRun)).toHaveLength(7);
    expect(seen).toContain(goodRun);
    expect(JSON.stringify(all)).not.toContain("sealed");
  });

  test("follow what happens next, until they are interrupted", async () => {
    const following = startCommand(["events", "-f", "--since", "1h"], { url: server.url });
    await following.awaitText(new RegExp(badRun));
    const id = await put(createGuresid(), "exit 0");
    await following.awaitText(new RegExp(`succeeded +local ${id}`));
    following.kill("SIGINT");
    expect(await following.finished).toMatchObject({ code: 130, stderr: "" });
  });

  test("show the cluster and its agent", async () => {
    const { stdout } = await command(["clusters"]);
    expect(stdout).toMatch(
      /^CLUSTER +AGENT +VERSION +LAUNCHER +CAPACITY +LAST SEEN\nlocal +\S+ +\d+\.\d+\.\d+ +local +100 +.* ago\n$/,
    );
  });
});

describe("container-driver cancel", () => {
  test("stops a run; whoever watches sees that it was cancelled", async () => {
    const file = join(directory.path, "long.json");
    await writeFile(file, JSON.stringify(buildScriptRequest("echo begun; exec sleep 1000")));
    const running = startCommand(["run", "-f", file, "--json"], { url: server.url });
    await running.awaitText(/begun/);
    const id = String(readJsonLines(running.stdout())[0]?.["id"]);
    expect(await command(["cancel", id])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`Run ${id} is asked to stop`),
    });
    const { code, stdout } = await running.finished;
    expect(code).toBe(1);
    expect(readJsonLines(stdout).at(-1)).toMatchObject({ kind: "result", run: id, status: "cancelled" });
    expect(await command(["cancel", id])).toMatchObject({ code: 1 });
  });

  test("waits until it has ended", async () => {
    const id = await put(createGuresid(), "exec sleep 1000");
    expect(await command(["cancel", id, "--wait"])).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("cancelled"),
    });
    expect(await command(["cancel", nobody])).toMatchObject({ code: 1 });
  });
});
