/** What docs/events.md says of NATS, done as it is printed: a team's credentials, the requests, and the program that follows. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import type { NatsConnection } from "@nats-io/nats-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { connectNats } from "../../adapters/node/nats-connection.ts";
import { natsServerVersions } from "../../scripts/nats-server.ts";
import { describeTeamGrants } from "../../src/bus/nats/access/grants.ts";
import { createConsoleLogger } from "../../src/log.ts";
import { createCommands, type Commands } from "../permissions/commands.ts";
import { hostileMessages, storeHostile } from "../nats/hostile-message.ts";
import { settleWithin, waitUntil } from "../support/wait-until.ts";

const root = path.resolve(import.meta.dirname, "../..");
const page = await readFile(path.join(root, "docs/events.md"), "utf8");
const examples = (await readFile(path.join(root, "examples/consumers/events.jsonl"), "utf8")).trim().split("\n");
const logger = createConsoleLogger({ write: () => undefined, now: () => new Date(), level: "silent" });
const runId = "01m831e0w66stp97jk17k2va8e";

const blocks = new Map(
  [...page.matchAll(/<!-- tested: (\w+) -->\s+```sh\n([^]*?)```/g)].map(([, name = "", block = ""]) => [name, block]),
);
/** Lines for the `nats` command line: what it subscribes to, and what it asks for. */
const subscriptions = [...page.matchAll(/^nats sub '([^']+)'$/gm)].map(([, subject = ""]) => subject);
const requests = [...page.matchAll(/^nats req (\S+) '([^']*)'$/gm)].map(([, subject = "", body = ""]) => ({
  subject,
  body,
}));

const credentialsOf = ({ directory }: Commands, team: string) => path.join(directory, "teams", team, "nats.creds");

async function connect({ directory, url }: Commands, file: string): Promise<NatsConnection> {
  const credentialsFile = path.resolve(directory, file);
  const connection = await connectNats({ url, credentialsFile, name: "test", logger, patienceMilliseconds: 5000 });
  onTestFinished(() => connection.close());
  return connection;
}

/** Starts the program of the page with a team's credentials. */
function startFollower(commands: Commands, { cluster = "prod", behind = 0 } = {}) {
  const [command = "false"] = /node .*/.exec(blocks.get("follow") ?? "") ?? [];
  const child = spawn("sh", ["-c", `exec ${command.replace("prod", cluster)} ${behind}`], {
    cwd: root,
    env: { ...process.env, NATS_URL: commands.url, NATS_CREDENTIALS: credentialsOf(commands, "my-team") },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const closed = once(child, "close");
  onTestFinished(() => void child.kill("SIGKILL"));
  const told: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => told.push(line));
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text));
  return { told, closed, errors: () => errors, child };
}

describe.each(natsServerVersions)("with nats-server %s", (version) => {
  let commands: Commands;
  let broker: { stop(): Promise<void> };
  /** What is on the stream, as the program should tell it. */
  const stored: string[] = [];

  beforeAll(async () => {
    commands = await createCommands(await mkdtemp(path.join(tmpdir(), "events-")));
    await commands.run("broker:init");
    broker = await commands.startBroker(version);
    expect(await commands.run("cluster:add", "prod")).toMatchObject({ code: 0, stderr: "" });
    const added = await commands.runText(blocks.get("team") ?? "exit 99");
    expect(added).toMatchObject({ code: 0, stdout: expect.stringContaining("may read the events of prod with") });
  });
  afterAll(async () => {
    await broker.stop();
    await rm(commands.directory, { recursive: true, force: true });
  });

  async function publish(agent: NatsConnection, events: readonly string[]): Promise<void> {
    for (const event of events) {
      await agent.request(`cd.v1.events.prod.${runId}`, event);
      stored.push(`{"sequence":${stored.length + 1},"event":${event}}`);
    }
  }

  test(
    "its program tells what was, what happens, and after a restart of the broker what happens then",
    { timeout: 60_000 },
    async () => {
      const agent = await connect(commands, "clusters/prod/nats.creds");
      await publish(agent, examples);
      const first = startFollower(commands);
      const tellsAll = () => first.told.length >= stored.length;
      await waitUntil("it has told what was", tellsAll);
      await publish(agent, examples);
      await waitUntil("it has told what happened", tellsAll);
      await broker.stop();
      broker = await commands.startBroker(version);
      await publish(await connect(commands, "clusters/prod/nats.creds"), examples.slice(0, 3));
      await waitUntil("it has told what happened since", tellsAll, { seconds: 30 });
      expect(first.told).toEqual(stored);

      const second = startFollower(commands, { behind: 20 });
      await waitUntil("it goes on behind a sequence", () => second.told.length >= stored.length - 20);
      expect(second.told).toEqual(stored.slice(20));
    },
  );

  test("its program tells what is stored, whatever stands in its headers, and passes over what is no event", async () => {
    const agent = await connect(commands, "clusters/prod/nats.creds");
    const behind = stored.length;
    const first = startFollower(commands, { behind });
    const subject = `cd.v1.events.prod.${runId}`;
    const told: string[] = [];
    for (const { head, body = examples[0] ?? "" } of hostileMessages) {
      const sequence = await storeHostile(agent, subject, { head, body });
      if (body !== "") told.push(`{"sequence":${sequence},"event":${body}}`);
      // So that later tests know where the stream is.
      stored.push("");
      await waitUntil("it has told it", () => first.told.length >= told.length);
    }
    await publish(agent, examples.slice(0, 1));
    told.push(stored.at(-1) ?? "");
    const second = startFollower(commands, { behind });
    for (const { told: found } of [first, second]) {
      await waitUntil("it has told everything", () => found.length >= told.length);
      expect(found).toEqual(told);
    }
  });

  test("its program ends, and says why, where the team may not read", async () => {
    const { closed, errors, told } = startFollower(commands, { cluster: "elsewhere" });
    const [code] = await settleWithin("it has ended", closed, 30);
    expect([code, errors(), told]).toEqual([1, expect.stringContaining("Permissions Violation"), []]);
  });

  test("its lines for the nats command line are about what a team may have", async () => {
    const agent = await connect(commands, "clusters/prod/nats.creds");
    const team = await connect(commands, "teams/my-team/nats.creds");
    expect([subscriptions.length, requests.length]).toEqual([2, 3]);
    const heard = subscriptions.map((subject) => team.subscribe(subject, { max: 1, timeout: 10_000 }));
    await team.flush();
    await publish(agent, examples.slice(0, 1));
    for (const each of heard) for await (const message of each) expect(message.string()).toBe(examples[0]);
    for (const { subject, body } of requests) {
      const answer = await team.request(subject, body, { timeout: 5000 });
      expect(answer.headers?.code).toBe(0);
      expect(examples).toContain(answer.string());
    }
    const behind = requests[1]?.body.replace('"seq": 1', `"seq": ${stored.length + 1}`);
    const none = await team.request(requests[1]?.subject ?? "", behind, { timeout: 5000 });
    expect(none.headers?.code).toBe(404);
  });

  test(
    "a team can be changed, renewed, revoked and removed; adding it again changes nothing",
    { timeout: 60_000 },
    async () => {
      const again = await commands.run("team:add", "my-team", "--cluster", "prod");
      expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining("nothing has changed") });
      expect(again.stdout).not.toMatch(/^(created|updated)/m);
      for (const file of [
        credentialsOf(commands, "my-team"),
        path.join(commands.directory, "broker/teams/my-team.json"),
      ])
        expect((await stat(file)).mode & 0o077, file).toBe(0);
      const follower = startFollower(commands);
      await waitUntil("it follows", () => follower.told.length > 0);
      expect(await commands.run("broker:credentials", "renew", "--team", "my-team")).toMatchObject({ code: 0 });
      expect(await commands.run("broker:credentials", "revoke", "--team", "my-team")).toMatchObject({
        code: 0,
        stderr: "",
      });
      const [code] = await settleWithin("who has older credentials is told so", follower.closed, 30);
      expect([code, follower.errors()]).toEqual([1, expect.stringMatching(/uthori[sz]ation|revoked|closed/i)]);
      const renewed = startFollower(commands);
      await waitUntil("the newer ones work", () => renewed.told.length > 0);
      expect(await commands.run("team:remove", "my-team")).toMatchObject({ code: 0, stderr: "" });
      expect((await settleWithin("a removed team is told so", renewed.closed, 30))[0]).toBe(1);
    },
  );
});

describe("whatever the server's version", () => {
  test("the page lists what a team may do, all of it", () => {
    const listed = [...page.matchAll(/^\| [^|]+\| `((?:HUB|cd)[^`]*)` +\|$/gm)].map(([, subject]) => subject);
    const granted = describeTeamGrants({ clusters: ["c-c"], logs: false });
    expect(new Set(listed)).toEqual(new Set(granted.map(({ localSubject }) => localSubject.replaceAll("c-c", "<c>"))));
  });

  test("a cluster that there isn't, none at all, and names that are none are refused, and nothing is written", async () => {
    const commands = await createCommands(await mkdtemp(path.join(tmpdir(), "events-")));
    await commands.run("broker:init");
    for (const args of [
      ["a-team", "--cluster", "nowhere"],
      ["a-team"],
      ["../up", "--cluster", "prod"],
      ["a", "--cluster", "*"],
    ]) {
      const { code, stderr } = await commands.run("team:add", ...args);
      expect([code, stderr]).toEqual([1, expect.stringMatching(/^Cannot .+\n$/)]);
    }
    expect(await readdir(commands.directory)).toEqual(["broker"]);
    expect(await readdir(path.join(commands.directory, "broker"))).not.toContain("teams");
    expect(await commands.run("team:remove", "nobody")).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^Cannot find/),
    });
    await rm(commands.directory, { recursive: true });
  });
});
