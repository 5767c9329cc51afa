import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createGuresid } from "../support/driver-client.ts";
import { buildScriptRequest } from "../support/script-request.ts";
import { startStandaloneProcess, type StandaloneProcess } from "../support/standalone-process.ts";
import { createTemporaryDirectory, type TemporaryDirectory } from "../support/temporary-directory.ts";
import { waitUntil } from "../support/wait-until.ts";
import { readJsonLines, runCommand, startCommand } from "./command.ts";

let server: StandaloneProcess;
let directory: TemporaryDirectory;
let url: string;

beforeAll(async () => {
  server = await startStandaloneProcess();
  directory = await createTemporaryDirectory();
  ({ url } = server);
});

afterAll(async () => {
  await server?.stop();
  await directory?.remove();
});

const countOf = (text: string, part: string) => text.split(part).length - 1;

async function listen(server: Server): Promise<string> {
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
}

const hello = resolve(import.meta.dirname, "../../examples/hello.json");

async function writeRequest(name: string, content: string | object): Promise<string> {
  const file = join(directory.path, name);
  await writeFile(file, typeof content === "string" ? content : JSON.stringify(content));
  return file;
}

const run = (args: readonly string[], options: Parameters<typeof runCommand>[1] = {}) =>
  runCommand(["run", ...args], { url, ...options });

describe("container-driver run", () => {
  test("prints outputs, keeps secrets to itself, and destroys", async () => {
    const created = await run(["-f", hello]);
    expect(created).toMatchObject({
      code: 0,
      stdout: "values\n  greeting  Hello, world!\nsecrets\n  password  ********\n",
    });
    expect(created.stderr).toMatch(/^Resource hello-[0-9a-f]{8}\nRun /);
    expect(created.stdout + created.stderr).not.toContain("only-world-knows");

    const again = await run(["-f", hello, "--show-secrets"]);
    expect(again.code).toBe(0);
    expect(again.stdout).toContain("password  only-world-knows");
    expect(again.stderr).toContain("nothing was run");

    expect(await run(["-f", hello, "--destroy"])).toMatchObject({ code: 0, stdout: "" });
    expect(await run(["-f", hello, "--destroy"])).toMatchObject({ code: 0, stdout: "" });
  });

  test("speaks JSON, and nothing else, when it is asked to", async () => {
    const { code, stdout } = await run(["-f", hello, "--json", "--guresid", createGuresid()]);
    const lines = readJsonLines(stdout);
    expect(code).toBe(0);
    expect(lines.at(-1)).toMatchObject({
      kind: "result",
      status: "succeeded",
      outputs: { values: { greeting: "Hello, world!" }, secretNames: ["password"], manifests: [] },
    });
    expect(stdout).not.toContain("only-world-knows");
  });

  test("takes YAML, also from standard input, with every digit", async () => {
    const yaml = `
type: example
resource: {big: 12345678901234567890}
driver:
  values:
    job: {image: busybox, command: [/bin/sh, run.sh]}
    files:
      run.sh: |
        cp "$RESOURCE_INPUTS_FILE" "$OUTPUTS_FILE"
`;
    const { code, stdout } = await run(["-f", "-", "--guresid", createGuresid()], { stdin: yaml });
    expect({ code, stdout }).toEqual({ code: 0, stdout: "values\n  big  12345678901234567890\n" });
  });

  test("ends with 1 when the run has failed, with its words, and tries again the next time", async () => {
    const witness = await server.createWitness();
    const file = await writeRequest(
      "fails.json",
      buildScriptRequest(`echo x >> ${witness.path}/runs; echo "no room" > $ERROR_FILE; exit 3`),
    );
    for (const times of [1, 2]) {
      const { code, stdout, stderr } = await run(["-f", file]);
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
      expect(stderr).toMatch(/failed: no room\ncontainer-driver explain [0-9a-z]{26}\n/);
      expect((await witness.read("runs")).split("\n").length - 1).toBe(times);
    }
  });

  test("tells of an old failure that nobody was told, and tries again", async () => {
    const guresid = createGuresid();
    const flag = join(directory.path, "mended");
    const request = buildScriptRequest(`[ -e ${flag} ] || { echo broken > $ERROR_FILE; exit 1; }`);
    const path = `/drivers/container/${guresid}`;
    await fetch(url + path, { method: "PUT", body: JSON.stringify(request) });
    await waitUntil("the run has failed", async () => (await fetch(url + path)).status === 400);
    await writeFile(flag, "");
    const { code, stderr } = await run(["-f", await writeRequest("mended.json", request), "--guresid", guresid]);
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /Run (\w+) of before has failed, which nobody was told: broken\nTrying again\nRun (?!\1)\w+\n[^]*succeeded/,
    );
    expect(stderr).not.toContain("nothing was run");
  });

  test("leaves a run alone when it is interrupted, and says how to go on", async () => {
    const guresid = createGuresid();
    const flag = join(directory.path, "go-on");
    const file = await writeRequest("waits.json", buildScriptRequest(`while [ ! -e ${flag} ]; do sleep 0.1; done`));
    const command = startCommand(["run", "-f", file, "--guresid", guresid], { url });
    await command.awaitText(/Run [0-9a-z]{26}\n/);
    command.kill("SIGINT");
    const { code, stderr } = await command.finished;
    expect(code).toBe(130);
    expect(stderr).toMatch(/Run [0-9a-z]{26} goes on\..*container-driver cancel [0-9a-z]{26}\n$/);

    const other = await run(["-f", hello, "--guresid", guresid]);
    expect(other).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^Cannot start a run: run [0-9a-z]{26} is under way/),
    });
    await writeFile(flag, "");
    expect(await run(["-f", file, "--guresid", guresid])).toMatchObject({ code: 0 });
  });

  test("sends the request again whenever its file changes, until it is interrupted", async () => {
    const request = (word: string) => buildScriptRequest(`echo '{"word": "${word}"}' > $OUTPUTS_FILE`);
    const file = await writeRequest("watched.json", request("first"));
    const watching = startCommand(["run", "-f", file, "--watch"], { url });
    await watching.awaitText(/word {2}first\n/);
    await writeRequest("watched.json", "nonsense");
    await watching.awaitText(/Cannot read the request in .*watched\.json/);
    await writeRequest("watched.json", request("second"));
    await watching.awaitText(/word {2}second\n/);
    watching.kill("SIGINT");
    expect(await watching.finished).toMatchObject({ code: 130 });
    expect(await run(["-f", "-", "--watch"])).toMatchObject({ code: 2 });
  });

  test("lets nothing through to the terminal that an output or an error has in it", async () => {
    const script = `
if [ "$(cat "$RESOURCE_INPUTS_FILE")" = '{"fail":true}' ]; then printf 'red\\033[2J\\007\\033]0;title\\007 end' > "$ERROR_FILE"; exit 1; fi
printf '{"na\\\\u001b[1Ame": "a\\\\u001b[2Jb\\\\u202ec\\\\n  fake  output"}' > "$OUTPUTS_FILE"`;
    const good = await run(["-f", await writeRequest("hostile.json", buildScriptRequest(script))]);
    expect(good.stdout).toBe("values\n  name  ab<U+202E>c\n      fake  output\n");
    const bad = await run([
      "-f",
      await writeRequest("bad.json", buildScriptRequest(script, { resource: { fail: true } })),
    ]);
    expect(bad.stderr).toContain("failed: red␇ end\n");
    expect(bad.stderr).not.toContain("\x1b");
  });

  test.for<[what: string, args: string[], problem: RegExp]>([
    ["no request", ["run"], /^Cannot send a request: give it with -f <file>/],
    ["a file that isn't there", ["run", "-f", "nowhere.json"], /^Cannot read the request: ENOENT/],
    ["standard input without a name", ["run", "-f", "-"], /needs --guresid/],
    ["an unknown option", ["run", "--nonsense"], /unknown option '--nonsense'/],
    ["an unknown command", ["nonsense"], /unknown command 'nonsense'/],
    ["a URL of another kind", ["run", "-f", hello, "--url", "ftp://x"], /it must begin with http/],
    ["a password in a URL", ["run", "-f", hello, "--url", "http://a:b@x"], /^Cannot use a URL with a password/],
    [
      "a token file that isn't there",
      ["run", "-f", hello, "--token-file", "nowhere"],
      /^Cannot read the token: ENOENT/,
    ],
  ])("ends with 2 for %s", async ([, args, problem]) => {
    const { code, stdout, stderr } = await runCommand(args, { url, directory: directory.path });
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(problem);
  });

  test("ends with 2 for YAML that isn't any, naming the line", async () => {
    const file = await writeRequest("broken.yaml", "type: a\n  b: [");
    expect(await run(["-f", file])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/broken\.yaml: .*at line 1, column 7/s),
    });
  });

  test("says what a run waits for, once, and that one may have begun which nobody has heard of", async () => {
    let asked = 0;
    const waiting = createServer((request, response) => {
      if (request.method === "PUT") asked++;
      response.writeHead(202, { "Container-Driver-Run": "01arz3ndektsv4rrffq69g5fav" });
      response.end('{"status": "creating", "message": "cluster x has no agent\\u001b[2J just now"}');
    });
    const hanging = createServer(() => undefined);
    try {
      const [first, second] = await Promise.all([listen(waiting), listen(hanging)]);
      const command = startCommand(["run", "-f", hello, "--url", first]);
      await command.awaitText(/cluster x has no agent just now\n/);
      await waitUntil("it has asked again", () => asked >= 4);
      command.kill("SIGINT");
      const { stderr } = await command.finished;
      expect(countOf(stderr, "has no agent")).toBe(1);
      // Asked once a second at most, not as fast as it can be answered.
      expect(asked).toBeLessThan(20);

      const silent = startCommand(["run", "-f", hello, "--url", second]);
      await silent.awaitText(/Resource hello/);
      silent.kill("SIGINT");
      expect(await silent.finished).toMatchObject({
        code: 130,
        stderr: expect.stringContaining("a run may have begun"),
      });
    } finally {
      for (const server of [waiting, hanging]) server.close().closeAllConnections();
    }
  });

  test("ends with 3 where nobody listens", async () => {
    const closed = createServer();
    const nowhere = await listen(closed);
    closed.close();
    await once(closed, "close");
    const { code, stderr } = await run(["-f", hello, "--url", nowhere]);
    expect(code).toBe(3);
    expect(stderr).toContain(`Cannot reach ${nowhere}: nothing listens there; npm start`);
  });
});

describe("a token", () => {
  let guarded: StandaloneProcess;
  const token = "a-token-that-is-long-enough-for-anybody-0123456789";

  beforeAll(async () => {
    guarded = await startStandaloneProcess({
      environment: { TOKEN_HASHES: createHash("sha256").update(token).digest("hex") },
    });
  });
  afterAll(async () => {
    await guarded?.stop();
  });

  test("comes from a file or a variable; without it the command ends with 3, and it is never shown", async () => {
    const file = await writeRequest("token", `${token}\n`);
    const options = { url: guarded.url };
    const refused = await run(["-f", hello], options);
    expect(refused.code).toBe(3);
    expect(refused.stderr).toContain(`${guarded.url} does not allow that: `);
    const wrong = await run(["-f", hello], { ...options, environment: { CONTAINER_DRIVER_TOKEN: "nonsense" } });
    expect(wrong).toMatchObject({ code: 3 });
    expect(wrong.stderr).not.toContain("nonsense");
    expect(await run(["-f", hello, "--token-file", file], options)).toMatchObject({ code: 0 });
    expect(await run(["-f", hello], { ...options, environment: { CONTAINER_DRIVER_TOKEN: token } })).toMatchObject({
      code: 0,
    });
  });
});
