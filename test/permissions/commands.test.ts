/** broker:init, cluster:add, broker:credentials and cluster:remove, on real servers. */
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { NatsConnection } from "@nats-io/nats-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connectNats } from "../../adapters/node/nats-connection.ts";
import { natsServerVersions } from "../../scripts/nats-server.ts";
import { describeGrants } from "../../src/bus/nats/access/grants.ts";
import { parseJsonObject } from "../../src/contract/json.ts";
import { createConsoleLogger } from "../../src/log.ts";
import { createCommands, type Commands } from "./commands.ts";

const logger = createConsoleLogger({ write: () => undefined, now: () => new Date(), level: "silent" });
const connectWith = (commands: Commands, file: string, patienceMilliseconds = 5000): Promise<NatsConnection> => {
  const credentialsFile = path.join(commands.directory, file);
  return connectNats({ url: commands.url, credentialsFile, name: "test", logger, patienceMilliseconds });
};
const lookAtConsumer = (agent: NatsConnection, cluster: string) =>
  agent.request(`HUB.API.CONSUMER.INFO.requests-${cluster}.${cluster}`, "", { timeout: 5000 });

async function readFiles(directory: string): Promise<Map<string, string>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
  // What the server itself keeps is its own affair.
  const ours = files.filter((file) => !file.includes("/broker/jetstream/") && !file.includes("/broker/accounts/"));
  return new Map(await Promise.all(ours.map(async (file) => [file, await readFile(file, "utf8")] as const)));
}

async function readRegistry({ directory }: Commands): Promise<string[]> {
  const registry = parseJsonObject(await readFile(path.join(directory, "clusters.json"), "utf8"));
  return registry.ok ? Object.keys(registry.value) : [];
}

describe.each(natsServerVersions)("with nats-server %s", (version) => {
  let commands: Commands;
  let broker: { stop(): Promise<void> };

  beforeAll(async () => {
    commands = await createCommands(await mkdtemp(path.join(tmpdir(), "commands-")));
    expect(await commands.run("broker:init")).toMatchObject({ code: 0, stderr: "" });
    broker = await commands.startBroker(version);
  });
  afterAll(async () => {
    await broker.stop();
    await rm(commands.directory, { recursive: true, force: true });
  });

  test("a cluster is added once, and its agent's credentials work over TCP and WebSocket", async () => {
    const added = await commands.run("cluster:add", "prod");
    expect(added).toMatchObject({ code: 0, stderr: "", stdout: expect.stringContaining("Cluster prod is ready") });
    const before = await readFiles(commands.directory);
    const again = await commands.run("cluster:add", "prod");
    expect(again).toMatchObject({ code: 0, stderr: "", stdout: expect.stringContaining("nothing has changed") });
    expect(again.stdout).not.toMatch(/^(created|updated)/m);
    expect(await readFiles(commands.directory)).toEqual(before);

    const credentialsFile = path.join(commands.directory, "clusters/prod/nats.creds");
    for (const url of [commands.url, commands.webSocketUrl]) {
      const agent = await connectNats({ url, credentialsFile, name: "test", logger, patienceMilliseconds: 5000 });
      expect((await lookAtConsumer(agent, "prod")).json()).toMatchObject({
        stream_name: "requests-prod",
        name: "prod",
      });
      await agent.close();
    }
  });

  test("renewed credentials work beside the older ones, until those are revoked", async () => {
    await commands.run("cluster:add", "renewing");
    const older = await connectWith(commands, "clusters/renewing/nats.creds");
    const text = await readFile(path.join(commands.directory, "clusters/renewing/nats.creds"));
    await writeFile(path.join(commands.directory, "older.creds"), text);
    expect(await commands.run("broker:credentials", "renew", "--cluster", "renewing")).toMatchObject({ code: 0 });
    const newer = await connectWith(commands, "clusters/renewing/nats.creds");
    for (const agent of [older, newer]) await lookAtConsumer(agent, "renewing");

    // It would read the new ones when it connects again: this one has only the older.
    const stubborn = await connectWith(commands, "older.creds");
    const refused = waitForRefusal(stubborn);
    expect(await commands.run("broker:credentials", "revoke", "--cluster", "renewing")).toMatchObject({ code: 0 });
    await refused;
    await expect(connectWith(commands, "older.creds", 2000)).rejects.toThrow(/Cannot reach the broker.*uthor/);
    // Disconnected as well, it came back by itself with what is in the file now.
    await lookAtConsumer(newer, "renewing");
    await waitUntilAnswered(older, "renewing");
    for (const agent of [older, newer, stubborn]) await agent.close();
  });

  test("a removed cluster's agent is disconnected for good, and what it was asked stays unless it is to go", async () => {
    await commands.run("cluster:add", "leaving");
    const agent = await connectWith(commands, "clusters/leaving/nats.creds");
    const credentials = await readFile(path.join(commands.directory, "clusters/leaving/nats.creds"));
    const keys = await readFile(path.join(commands.directory, "clusters/leaving/keys.json"), "utf8");
    const refused = waitForRefusal(agent);
    expect(await commands.run("cluster:remove", "leaving")).toMatchObject({ code: 0, stderr: "" });
    await refused;
    await writeFile(path.join(commands.directory, "gone.creds"), credentials);
    await expect(connectWith(commands, "gone.creds", 2000)).rejects.toThrow(/Cannot reach the broker.*uthor/);
    expect(await readRegistry(commands)).not.toContain("leaving");
    await agent.close();

    const hub = await connectWith(commands, "broker/provision.creds");
    const streamOf = async () => (await hub.request("$JS.API.STREAM.INFO.requests-leaving")).json<{ error?: object }>();
    expect((await streamOf()).error).toBeUndefined();
    expect(await commands.run("cluster:add", "leaving")).toMatchObject({ code: 0, stderr: "" });
    expect(await readFile(path.join(commands.directory, "clusters/leaving/keys.json"), "utf8")).toBe(keys);
    expect(await commands.run("cluster:remove", "leaving", "--streams")).toMatchObject({ code: 0, stderr: "" });
    expect((await streamOf()).error).toBeDefined();
    expect(await commands.run("cluster:remove", "leaving", "--streams")).toMatchObject({ code: 0, stderr: "" });
    expect((await commands.run("cluster:remove", "leaving")).stderr).toMatch(
      /^Cannot remove cluster leaving: it is not in/,
    );
    await hub.close();
  });
});

describe("whatever the server's version", () => {
  let commands: Commands;
  let broker: { stop(): Promise<void> };

  beforeAll(async () => {
    commands = await createCommands(await mkdtemp(path.join(tmpdir(), "commands-")));
    await commands.run("broker:init");
    broker = await commands.startBroker("newest");
  });
  afterAll(async () => {
    await broker.stop();
    await rm(commands.directory, { recursive: true, force: true });
  });

  test("broker:init a second time changes nothing", async () => {
    const before = await readFiles(commands.directory);
    expect((await commands.run("broker:init")).stdout).not.toMatch(/^(created|updated)/m);
    expect(await readFiles(commands.directory)).toEqual(before);
  });

  test.each([
    [["cluster:remove", "typo"], /^Cannot remove cluster typo: it is not in .*clusters\.json/],
    [["cluster:remove", "a", "b"], /one argument is expected, found a, b/],
    [["cluster:add", "new", "--url", "127.0.0.1:4222"], /^Cannot use --url: each server must be nats:/],
    [["cluster:add", "new", "--agent-url", "nonsense"], /^Cannot use --agent-url/],
    [["broker:init", "--port", "abc"], /^Cannot use --port abc: must be a port/],
  ] as const)("%j is refused, and nothing is written", async ([name, ...args], problem) => {
    const before = await readFiles(commands.directory);
    expect(await commands.run(name, ...args)).toMatchObject({ code: 1, stderr: expect.stringMatching(problem) });
    expect(await readFiles(commands.directory)).toEqual(before);
  });

  test("all files are private, and no command prints a secret", async () => {
    const { stdout, stderr } = await commands.run("cluster:add", "private");
    for (const [file, text] of await readFiles(commands.directory)) {
      expect((await stat(file)).mode & 0o077, file).toBe(0);
      expect((await stat(path.dirname(file))).mode & 0o077, file).toBe(0);
      for (const [secret] of text.matchAll(/S[OAU][A-Z2-7]{56}|"d":"[^"]+"/g))
        expect(stdout + stderr).not.toContain(secret);
    }
  });

  test.each(["", "..", "../up", "a/b", "A", "a.b", "*", ">", "-a", "a b", "a".repeat(64), "prod\n"])(
    "the name %j is refused, and nothing is written",
    async (name) => {
      const before = await readFiles(commands.directory);
      for (const command of ["cluster:add", "cluster:remove"]) {
        const { code, stderr } = await commands.run(command, "--", name);
        expect([code, stderr]).toEqual([1, expect.stringMatching(/^Cannot .+\n$/)]);
      }
      expect(await readFiles(commands.directory)).toEqual(before);
    },
  );

  test.each([
    "clusters/whole/nats.creds",
    "clusters/whole/agent.env",
    "clusters/whole/front-doors.json",
    "clusters.json",
    "broker/accounts.conf",
  ])("an addition that was cut off before %s is completed", async (file) => {
    await commands.run("cluster:add", "whole");
    const keys = await readFile(path.join(commands.directory, "clusters/whole/keys.json"), "utf8");
    await rm(path.join(commands.directory, file));
    expect(await commands.run("cluster:add", "whole")).toMatchObject({ code: 0, stderr: "" });
    expect(await readFile(path.join(commands.directory, "clusters/whole/keys.json"), "utf8")).toBe(keys);
    expect(await readRegistry(commands)).toContain("whole");
    const agent = await connectWith(commands, "clusters/whole/nats.creds");
    await lookAtConsumer(agent, "whole");
    await agent.close();
    expect((await commands.run("cluster:add", "whole")).stdout).toContain("nothing has changed");
  });

  test("several at once are all there afterwards, the same one twice too, and one that died holds up nobody", async () => {
    await writeFile(path.join(commands.directory, "lock"), "999999999");
    const names = ["one", "two", "three", "three"];
    for (const result of await Promise.all(names.map((name) => commands.run("cluster:add", name))))
      expect(result).toMatchObject({ code: 0, stderr: "" });
    expect(await readRegistry(commands)).toEqual(expect.arrayContaining(["one", "two", "three"]));
    for (const name of names) {
      const agent = await connectWith(commands, `clusters/${name}/nats.creds`);
      await lookAtConsumer(agent, name);
      await agent.close();
    }
  });

  test("what was chosen stays: routes, the agent's URL, the capacity", async () => {
    await commands.run("cluster:add", "chosen", "--agent-url", "wss://nats.example.com", "--capacity", "7");
    const file = path.join(commands.directory, "clusters.json");
    const registry = await readFile(file, "utf8");
    await writeFile(file, registry.replaceAll('"routes":[]', '"routes":["my-cluster"]'));
    expect((await commands.run("cluster:add", "chosen")).stdout).not.toMatch(
      /^updated .*agent.env|^updated +consumer/m,
    );
    expect(await readFile(file, "utf8")).toContain('"routes":["my-cluster"]');
    const variables = await readFile(path.join(commands.directory, "clusters/chosen/agent.env"), "utf8");
    expect(variables).toContain("NATS_URL=wss://nats.example.com\n");
    const agent = await connectWith(commands, "clusters/chosen/nats.creds");
    expect((await lookAtConsumer(agent, "chosen")).json()).toMatchObject({ config: { max_ack_pending: 7 } });
    await agent.close();
  });

  test("with credentials that were made by hand no account is made", async () => {
    await commands.run("cluster:add", "made");
    const at = (file: string) => path.join(commands.directory, file);
    const hosted = await createCommands(await mkdtemp(path.join(tmpdir(), "commands-")));
    const files = [
      "--provision-credentials",
      at("broker/provision.creds"),
      "--agent-credentials",
      at("clusters/made/nats.creds"),
    ];
    const args = ["made", "--url", commands.url, ...files];
    expect(await hosted.run("cluster:add", ...args)).toMatchObject({ code: 0, stderr: "" });
    expect((await hosted.run("cluster:add", ...args)).stdout).toContain("nothing has changed");
    expect(await readdir(hosted.directory)).not.toContain("broker");
    expect(await readRegistry(hosted)).toEqual(["made"]);
    const copied = path.join(hosted.directory, "clusters/made/nats.creds");
    expect(await readFile(copied, "utf8")).toBe(await readFile(at("clusters/made/nats.creds"), "utf8"));
    const half = await hosted.run("cluster:add", "made", "--agent-credentials", copied);
    expect(half).toMatchObject({ code: 1, stderr: expect.stringContaining("go together") });
    await rm(hosted.directory, { recursive: true });
  });

  test("without a broker of our own, or one that answers, a command says so within seconds", async () => {
    const nowhere = await createCommands(await mkdtemp(path.join(tmpdir(), "commands-")));
    const missing = await nowhere.run("cluster:add", "prod");
    expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining("npm run broker:init makes one") });
    await nowhere.run("broker:init");
    const start = performance.now();
    const away = await nowhere.run("cluster:add", "prod");
    expect(away.stderr).toBe(`Cannot reach the broker at ${nowhere.url}: connection refused\n`);
    expect([away.code, performance.now() - start < 15_000]).toEqual([1, true]);
    // Not registered: the front door must not send requests to where nobody can take them.
    expect(await readdir(nowhere.directory)).not.toContain("clusters.json");
    await rm(nowhere.directory, { recursive: true });
  });
});

describe("docs/broker.md", () => {
  const root = path.resolve(import.meta.dirname, "../..");

  test("its commands do what it says", async () => {
    const text = await readFile(path.join(root, "docs/broker.md"), "utf8");
    const marked = text.matchAll(/<!-- tested: (\w+) -->\s+```sh\n([\s\S]*?)```/g);
    const blocks = new Map([...marked].map(([, name = "", block = ""]) => [name, block]));
    const commands = await createCommands(await mkdtemp(path.join(tmpdir(), "commands-")));
    const run = async (name: string) => {
      const result = await commands.runText(blocks.get(name) ?? "exit 99");
      expect(result, name).toMatchObject({ code: 0, stderr: expect.not.stringContaining("Cannot") });
      return result.stdout;
    };
    expect(await run("init")).toContain("nats-server.conf");
    const broker = await commands.startBroker("newest");
    expect(await run("add")).toContain("Cluster prod is ready");
    const before = await readFile(path.join(commands.directory, "clusters/prod/nats.creds"), "utf8");
    await run("renew");
    expect(await readFile(path.join(commands.directory, "clusters/prod/nats.creds"), "utf8")).not.toBe(before);
    expect(await run("revoke")).toMatch(/updated +account prod on the broker/);
    expect(await run("prepare")).toMatch(/^updated +\S+keys\.json/m);
    expect(await run("use")).toMatch(/^updated +\S+clusters\.json/m);
    await run("remove");
    expect(await readRegistry(commands)).toEqual([]);
    expect([...blocks.keys()].sort()).toEqual(["add", "init", "prepare", "remove", "renew", "revoke", "use"]);
    await broker.stop();
    await rm(commands.directory, { recursive: true });
  });

  test("it lists what an agent may do, all of it", async () => {
    const text = await readFile(path.join(root, "docs/broker.md"), "utf8");
    const listed = [...text.matchAll(/^\|[^|]*\| `((?:HUB|cd|\$JS)[^`]*)` +\|$/gm)].map(([, subject]) => subject);
    const granted = describeGrants("c-c").map(({ localSubject }) => localSubject.replaceAll("c-c", "<c>"));
    expect(new Set(listed)).toEqual(new Set(granted));
    expect(listed).toHaveLength(granted.length);
  });
});

/** Resolves when the broker has disconnected somebody and refuses to have it back. */
async function waitForRefusal(connection: NatsConnection): Promise<void> {
  let away = false;
  for await (const status of connection.status()) {
    if (status.type === "disconnect") away = true;
    if (away && status.type === "error" && /uthori[sz]ation|revoked|uthentication/.test(String(status.error))) return;
  }
}

async function waitUntilAnswered(agent: NatsConnection, cluster: string): Promise<void> {
  for (;;) {
    const answered = await lookAtConsumer(agent, cluster).then(
      () => true,
      () => false,
    );
    if (answered) return;
  }
}
