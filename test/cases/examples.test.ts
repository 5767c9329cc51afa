/** The requests in examples/, each sent as it stands (but for what belongs to one machine), and what their README says. */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { isJsonObject, parseJson, type JsonObject, type JsonValue } from "../../src/contract/json.ts";
import { startGitServer } from "../git/server.ts";
import { createGuresid, readMessage, readSecrets, readText, readValues } from "../support/driver-client.ts";
import { startStandaloneServer } from "../support/standalone-server.ts";
import { readLog, readRunId } from "../support/story.ts";
import { setStage } from "./stage.ts";

const directory = resolve(import.meta.dirname, "../../examples");
const readExample = (name: string) => readFileSync(join(directory, name), "utf8");

/** Looks up a path of keys in a JSON text. */
function pick(text: string, ...keys: string[]): JsonValue | undefined {
  const parsed = parseJson(text);
  if (!parsed.ok) throw new Error(parsed.problem);
  return keys.reduce<JsonValue | undefined>((at, key) => (isJsonObject(at) ? at[key] : undefined), parsed.value);
}

/** Terraform or OpenTofu, as the example's script finds it; undefined where there is neither. */
function findTerraform(): string | undefined {
  try {
    return execFileSync("/bin/sh", ["-c", "command -v tofu || command -v terraform"], { encoding: "utf8" }).trim();
  } catch (error) {
    // Shells differ in the exit code; an error of another kind has none.
    if (error instanceof Error && "status" in error && typeof error.status === "number") return undefined;
    throw error;
  }
}

const requests = readdirSync(directory).filter((name) => name.endsWith(".json"));

describe("examples/README.md", () => {
  const readme = readExample("README.md");

  it.each(requests)("lists %s, and shows each of its scripts as it is", (name) => {
    expect(readme).toContain(`(${name})`);
    const files = pick(readExample(name), "driver", "values", "files") as JsonObject;
    const scripts = Object.entries(files).filter(([file]) => /\.(sh|tf)$/.test(file));
    for (const [, text] of scripts) expect(readme).toContain(`\n${readText(text)}\`\`\`\n`);
  });

  it("names no request that is not there", () => {
    const named = [...readme.matchAll(/\]\(([\w-]+\.json)\)/g)].map((match) => match[1]);
    expect(new Set(named)).toEqual(new Set(requests));
  });
});

describe("The example", () => {
  const getStage = setStage(startStandaloneServer);

  it("hello.json greets, greets somebody else, and says good bye", async () => {
    const { driver } = getStage();
    const guresid = createGuresid();
    const hello = readExample("hello.json");
    const created = await driver.provision(guresid, hello);
    expect(readValues(created)).toEqual({ greeting: "Hello, world!" });
    expect(readSecrets(created)).toEqual({ password: "only-world-knows" });
    const updated = await driver.provision(guresid, hello.replace("world", "everybody"));
    expect(readValues(updated)).toEqual({ greeting: "Hello, everybody!" });
    expect((await driver.destroy(guresid)).status).toBe(204);
  });

  it("failure.json says why, and can be destroyed", async () => {
    const { driver } = getStage();
    const guresid = createGuresid();
    const failed = await driver.provision(guresid, readExample("failure.json"));
    expect(failed.status).toBe(400);
    expect(readMessage(failed)).toMatch(
      /^Cannot make the disk: no zone has room for 300 GB\n(.|\n)*Looking for a zone/,
    );
    expect((await driver.destroy(guresid)).status).toBe(204);
  });

  it("secrets.json uses its secrets, and the log doesn't show them", async () => {
    const { driver, server } = getStage();
    const answer = await driver.provision(createGuresid(), readExample("secrets.json"));
    expect(readValues(answer)).toEqual({ user: "robot-7", key_fingerprint: expect.any(Number) });
    expect(readSecrets(answer)).toEqual({ url: "https://robot-7:tok_5f1d0c9ae2@north.example.com" });
    const log = await readLog(server.bus, { cluster: server.cluster, runId: readRunId(answer) });
    expect(log).toBe('Signing in to north as *** with ***\nThe same, for tools that read files: {"cloud_key":"***"}\n');
  });

  it("git-source.json runs what a repository holds, with its file laid over it", async () => {
    const { driver } = getStage();
    const example = readExample("git-source.json");
    const source = pick(example, "driver", "values", "source");
    const password = readText(pick(example, "driver", "secrets", "source", "password"));
    const username = readText(isJsonObject(source) ? source["username"] : undefined);
    const git = await startGitServer({ auth: { username, password } });
    onTestFinished(() => git.close());
    await git.createRepo("modules", {
      "postgres/run.sh": '. ./settings.env; printf \'{"region": "%s"}\' "$REGION" > "$OUTPUTS_FILE"\n',
      "postgres/settings.env": "REGION=unset\n",
    });
    const request = example.replace("https://git.example.com/platform/modules.git", git.url("modules"));
    expect(readValues(await driver.provision(createGuresid(), request))).toEqual({ region: "north" });
  });

  const terraform = findTerraform();
  if (terraform === undefined)
    console.warn("NOT TESTED: examples/terraform.json, as neither tofu nor terraform is on the PATH");

  describe.runIf(terraform !== undefined)("terraform.json", () => {
    it("creates, updates and destroys, its sensitive output a secret, its state kept between runs", async () => {
      const { driver, server } = getStage();
      const guresid = createGuresid();
      const witness = await server.createWitness();
      const example = readExample("terraform.json");
      const stateFile = readText(pick(example, "driver", "values", "job", "variables", "STATE_FILE"));
      const request = example.replace(stateFile, `${witness.path}/state/orders.tfstate`);
      const readState = async () => pick(await witness.read("state/orders.tfstate"), "resources");

      const created = await driver.provision(guresid, request);
      expect(readValues(created)).toEqual({ url: "postgres://orders.internal/?size=10" });
      expect(readSecrets(created)).toEqual({ password: "correct-horse-battery-staple" });
      const log = await readLog(server.bus, { cluster: server.cluster, runId: readRunId(created) });
      expect(log).toContain("1 added, 0 changed, 0 destroyed");
      const before = JSON.stringify(await readState());

      const updated = await driver.provision(guresid, request.replace('"size": 10', '"size": 20'));
      expect(readValues(updated)).toEqual({ url: "postgres://orders.internal/?size=20" });
      const changes = await readLog(server.bus, { cluster: server.cluster, runId: readRunId(updated) });
      // Changed in place: it has found the state of the run before.
      expect(changes).toContain("0 added, 1 changed, 0 destroyed");
      const id = /"id":"([0-9a-f-]{36})"/.exec(before)?.[1];
      expect(JSON.stringify(await readState())).toContain(`"id":"${id}"`);

      expect((await driver.destroy(guresid)).status).toBe(204);
      expect(await readState()).toEqual([]);
      for (const text of [log, changes]) expect(text).not.toContain("correct-horse");
    });
  });
});
