import { mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTemporaryDirectory, type TemporaryDirectory } from "../support/temporary-directory.ts";
import { runCommand, startCommand, type CommandOptions } from "./command.ts";

let place: TemporaryDirectory;
let count = 0;

beforeAll(async () => {
  place = await createTemporaryDirectory();
});
afterAll(async () => {
  await place?.remove();
});

async function writeFiles(files: Readonly<Record<string, string>>): Promise<string> {
  const directory = join(place.path, `driver-${count++}`);
  await mkdir(directory);
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), text);
  }
  return directory;
}

interface Report {
  readonly conforms: boolean;
  readonly checks: readonly { name: string; outcome: string; detail?: string }[];
}

async function conform(args: readonly string[], options: CommandOptions = {}) {
  const { code, stdout, stderr } = await runCommand(["conform", "--json", ...args], {
    ...options,
    // Whatever it leaves behind is seen here.
    environment: { TMPDIR: place.path, ...options.environment },
  });
  const report = stdout === "" ? undefined : (JSON.parse(stdout) as Report);
  const find = (name: string) => report?.checks.find((check) => check.name === name);
  return { code, stderr, report, find };
}

const request = { type: "example", resource: { name: "orders" } };

/** Keeps to the contract: needs a name, may come twice, needs nothing but its directories. */
const good = `
set -eu
name=$(sed -n 's/.*"name": *"\\([^"]*\\)".*/\\1/p' "$RESOURCE_INPUTS_FILE")
[ "$ACTION" = create ] || exit 0
[ -n "$name" ] || { echo "a name is missing" > "$ERROR_FILE"; exit 1; }
echo "making $name"
echo scratch > "$HOME/scratch"
printf '{"host": "%s.internal"}' "$name" > "$OUTPUTS_FILE"
printf '{"password": "made-up-%s"}' "$name" > "$SECRET_OUTPUTS_FILE"
`;

describe("container-driver conform", () => {
  test("passes a container that keeps to the contract, and leaves nothing behind", async () => {
    const directory = await writeFiles({ "run.sh": good, "request.json": JSON.stringify(request) });
    const update = join(directory, "update.yaml");
    await writeFile(update, "type: example\nresource: {name: shop}\n");
    const { code, report, find } = await conform([
      directory,
      "-f",
      join(directory, "request.json"),
      "--update",
      update,
    ]);
    expect(report?.checks.filter(({ outcome }) => outcome !== "passed")).toEqual([]);
    expect(code).toBe(0);
    expect(report?.conforms).toBe(true);
    expect(report?.checks.length).toBeGreaterThan(10);
    expect(find("outputs are there")?.detail).toBe("host, password");
    expect(find("a failure says why")?.detail).toBe("a name is missing");
    expect((await readdir(place.path)).filter((name) => name.startsWith("cd-conform"))).toEqual([]);
  });

  test.for<[what: string, script: string, failed: string[], detail: RegExp]>([
    [
      "fails to create",
      "echo broken >&2; exit 7",
      ["create succeeds", "destroy succeeds", "destroy may come again"],
      /exit code 7: broken/,
    ],
    [
      "writes outputs that are no JSON",
      '[ $ACTION = destroy ] || echo nonsense > "$OUTPUTS_FILE"',
      ["create succeeds"],
      /OUTPUTS_FILE.*not JSON/,
    ],
    [
      "can't create twice",
      `[ $ACTION = destroy ] && rm -rf STATE || mkdir STATE`,
      ["create may come again"],
      /exit code 1/,
    ],
    [
      "can't destroy twice",
      `[ $ACTION = create ] && touch STATE || rm STATE`,
      ["destroy may come again"],
      /exit code 1/,
    ],
    [
      "prints what it made up",
      'echo "pw hunter2-hunter2"; printf \'{"pw": "hunter2-hunter2"}\' > $SECRET_OUTPUTS_FILE',
      ["secret outputs are not in the log"],
      /it printed pw/,
    ],
  ])("fails a container that %s", async ([, script, failed, detail]) => {
    const state = join(place.path, `state-${count}`);
    const directory = await writeFiles({ "run.sh": `${script.replaceAll("STATE", state)}\n` });
    const { code, report } = await conform([directory]);
    expect(code).toBe(1);
    const found = report?.checks.filter(({ outcome, name }) => outcome === "failed" && !name.includes("root")) ?? [];
    expect(found.map(({ name }) => name)).toEqual(failed);
    expect(found[0]?.detail).toMatch(detail);
  });

  test("says what it could not test, and does not call that a success of the check", async () => {
    const directory = await writeFiles({ "run.sh": "exit 0\n" });
    const { code, stdout } = await runCommand(["conform", directory]);
    expect(code).toBe(0);
    expect(stdout).toContain("NOT TESTED  an update succeeds\n            give other inputs with --update <file>\n");
    expect(stdout).toContain("NOT TESTED  create fails when it can't do what is wanted\n");
    expect(stdout).toMatch(/\n\d+ passed, 0 failed, 2 NOT TESTED\n$/);
  });

  test("fails a container that takes inputs which are said to be broken", async () => {
    const directory = await writeFiles({ "run.sh": "exit 0\n", "broken.yaml": "resource: {size: -1}\n" });
    const { code, find } = await conform([directory, "--broken", join(directory, "broken.yaml")]);
    expect(code).toBe(1);
    expect(find("create fails when it can't do what is wanted")).toMatchObject({
      outcome: "failed",
      detail: "it exited with code 0: whoever asked would take that for a success",
    });
  });

  test("takes root and the root file system away, where this machine can", async () => {
    const outside = join(place.path, "outside");
    const script = `
if [ "$(id -u)" = 0 ]; then echo root; fi
echo x > ${outside} || exit 9
`;
    const directory = await writeFiles({ "run.sh": script });
    const { find } = await conform([directory]);
    const created = find("create works without root and with a read-only root file system");
    const skipped = find("works with a read-only root file system");
    // One of the two, whatever this machine allows: never neither, and never a pass.
    expect([created?.outcome, skipped?.outcome].filter(Boolean)).toEqual([
      created === undefined ? "not-tested" : "failed",
    ]);
    if (created !== undefined) expect(created.detail).toMatch(/exit code 9: .*Read-only file system/);
  });

  test("runs the command behind --, with the directory's files around it", async () => {
    const directory = await writeFiles({
      "bin/make.sh": '. ./lib/words.sh; printf \'{"word": "%s"}\' $word > $OUTPUTS_FILE\n',
      "lib/words.sh": "word=$1$WORD\n",
    });
    await writeFile(join(directory, "request.yaml"), "driver: {values: {job: {variables: {WORD: b}}}}\n");
    const args = [directory, "-f", join(directory, "request.yaml"), "--", "/bin/sh", "bin/make.sh", "a"];
    const { code, find } = await conform(args);
    expect(code).toBe(0);
    expect(find("outputs are there")?.detail).toBe("word");
  });

  test("stops a run that lasts too long", async () => {
    const directory = await writeFiles({ "run.sh": '[ "$ACTION" = destroy ] || exec sleep 1000\n' });
    const { code, find } = await conform([directory, "--timeout", "1"]);
    expect(code).toBe(1);
    expect(find("create succeeds")?.detail).toBe("it had not ended after 1 seconds and was stopped");
    expect(find("destroy succeeds")?.outcome).toBe("passed");
  });

  test("stops when it is interrupted, and ends what it has started", async () => {
    const pidFile = join(place.path, "pid");
    const directory = await writeFiles({ "run.sh": `echo $$ > ${pidFile}; echo begun; exec sleep 1000\n` });
    const command = startCommand(["conform", "--verbose", directory], { environment: { TMPDIR: place.path } });
    await command.awaitText(/begun/);
    command.kill("SIGINT");
    expect(await command.finished).toMatchObject({ code: 130 });
    expect((await readdir(place.path)).filter((name) => name.startsWith("cd-conform"))).toEqual([]);
  });

  test("says that an image needs a cluster, and how to go on without one", async () => {
    const { code, stderr } = await conform(["example.com/some/image:1"]);
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /^Cannot run the image example\.com\/some\/image:1: .*Set KUBECONFIG.*conform <directory> -- <command>/,
    );
  });

  test.for<[what: string, prepare: () => Promise<string[]>, problem: RegExp]>([
    ["a directory that isn't there", async () => ["./nowhere"], /it is no directory/],
    [
      "a directory without anything to run",
      async () => [await writeFiles({ "a.txt": "a" })],
      /there is no run\.sh; give a command after --/,
    ],
    [
      "a file that isn't text",
      async () => [
        await writeFiles({ "run.sh": "" }).then(
          async (path) => (await writeFile(join(path, "x"), Buffer.from([0xff, 0xfe])), path),
        ),
      ],
      /x is not UTF-8/,
    ],
    [
      "a link",
      async () => [
        await writeFiles({ "run.sh": "" }).then(async (path) => (await symlink(tmpdir(), join(path, "x")), path)),
      ],
      /x is not a file or a directory/,
    ],
    [
      "too many files",
      async () => [await writeFiles(Object.fromEntries(Array.from({ length: 201 }, (_, i) => [`f${i}`, ""])))],
      /is 201 files, the limit is 200 files/,
    ],
    [
      "a request that isn't one",
      async () => ["-f", "/dev/null", await writeFiles({ "run.sh": "" })],
      /Cannot read the request in \/dev\/null/,
    ],
    [
      "no time at all",
      async () => ["--timeout", "0", await writeFiles({ "run.sh": "" })],
      /must be whole seconds, at least 1/,
    ],
  ])("ends with 2 for %s", async ([, prepare, problem]) => {
    const { code, stderr, report } = await conform(await prepare());
    expect(report).toBeUndefined();
    expect(stderr).toMatch(problem);
    expect(code).toBe(2);
  });
});
