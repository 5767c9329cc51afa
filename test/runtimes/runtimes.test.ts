/** One front door on three runtimes, over one broker: started as a user starts them, told apart by nothing. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildForgedTokens } from "../auth/forged-tokens.ts";
import { buildValidTokens } from "../auth/valid-tokens.ts";
import { createGuresid, readValues } from "../support/driver-client.ts";
import { sendRequest } from "../support/http.ts";
import { listCommandLines } from "../support/local-processes.ts";
import { buildScriptRequest } from "../support/script-request.ts";
import { readRunId } from "../support/story.ts";
import { waitUntil } from "../support/wait-until.ts";
import { awaitInShell } from "../support/witness.ts";
import { createCaller } from "./caller.ts";
import { openLab, type FrontDoor, type Lab } from "./lab.ts";
import { createLedger } from "./ledger.ts";
import { pageStories } from "./page-stories.ts";
import { runtimes, type Runtime } from "./runtimes.ts";
import { findProcesses } from "./script-process.ts";
import { driverStories } from "./suite.ts";
import { teamStories } from "./team-stories.ts";

const stories = [...driverStories, ...teamStories, ...pageStories];

let lab: Lab;
const doors = new Map<string, FrontDoor>();
const ledgers = new Map(runtimes.map(({ name, ownHeaders }) => [name, createLedger(ownHeaders)]));

function getDoor({ name }: Pick<Runtime, "name">): FrontDoor {
  const door = doors.get(name);
  if (door === undefined) throw new Error(`Cannot use the front door on ${name}: it has not started`);
  return door;
}

beforeAll(async () => {
  lab = await openLab();
  const agent = lab.startAgent({ broker: "webSocket" });
  await Promise.all(runtimes.map(async (runtime) => doors.set(runtime.name, await lab.startFrontDoor(runtime))));
  await agent;
  // Its first announcement may be late on a busy machine; until then a 202 says that there is no agent.
  const call = createCaller(getDoor({ name: "Node" }).url, lab.identities.staticToken);
  const isThere = async () => /"name":"near","agents":\[\{/.test((await call("GET", "/clusters")).text);
  await waitUntil("the agent has announced itself", isThere);
}, 180_000);
afterAll(() => lab.close());

describe.each(runtimes)("On $name", (runtime) => {
  test.each(stories)("$title", async ({ title, play }) => {
    const ledger = ledgers.get(runtime.name);
    ledger?.begin(title);
    const token = lab.identities.staticToken;
    const call = createCaller(getDoor(runtime).url, token, ledger);
    await play({ call, token, witness: lab.witness });
  });
});

describe("Whichever the runtime", () => {
  test.each(stories)("the same is answered when $title", ({ title }) => {
    const [first, ...others] = runtimes.map(({ name }) => ledgers.get(name)?.stories.get(title));
    expect(first).toMatch(/^→ \d{3}$/m);
    for (const other of others) expect(other).toBe(first);
  });

  test("every good token is let in, and no forged one is", async () => {
    const good = await buildValidTokens(lab.identities);
    const forged = await buildForgedTokens(lab.identities);
    // Some are good, or too early, for a few seconds more: those first.
    const pressing = forged.filter(({ name }) => /nbf|iat|not yet|issued/.test(name));
    const tokens = [...good, ...pressing, ...forged.filter((token) => !pressing.includes(token))];
    const verdicts = await Promise.all(runtimes.map((runtime) => judge(getDoor(runtime), tokens)));
    for (const verdict of verdicts) {
      expect(good.filter(({ name }) => verdict.get(name)?.status !== 404)).toEqual([]);
      expect(forged.filter(({ name }) => verdict.get(name)?.status !== 401)).toEqual([]);
      expect(verdict).toEqual(verdicts[0]);
    }
    expect(forged.length).toBeGreaterThan(60);
  });

  test("201 equal requests, to all of them, start one run", async () => {
    const guresid = createGuresid();
    const path = `/drivers/container/${guresid}`;
    const { witness } = lab;
    const may = `${witness.path}/${guresid}-may-leave`;
    const script = `echo run >> ${witness.path}/${guresid}; ${awaitInShell(may)}; echo '{"n": 1}' > "$OUTPUTS_FILE"`;
    const body = buildScriptRequest(script);
    const callers = runtimes.map((runtime) => createCaller(getDoor(runtime).url, lab.identities.staticToken));
    const asked = Array.from({ length: 67 }, () => callers.map((call) => call("PUT", path, { body }))).flat();
    const answers = await Promise.all(asked);
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 202));
    expect(new Set(answers.map(readRunId)).size).toBe(1);
    await witness.write(`${guresid}-may-leave`);
    for (const call of callers)
      expect(readValues(await call("PUT", path, { body, headers: { Prefer: "wait=25" } }))).toEqual({ n: 1 });
    expect(await witness.read(guresid)).toBe("run\n");
  });

  test("no secret is in its log or in an argument", async () => {
    const canary = `canary-${createGuresid()}`;
    const tokens = [...(await buildValidTokens(lab.identities)), ...(await buildForgedTokens(lab.identities))];
    const parts = tokens.flatMap(({ authorization }) =>
      authorization.split(/[ .,]/).filter((part) => part.length > 20),
    );
    const secrets = { job: { variables: { WORD: canary } }, files: { "key.txt": canary } };
    const good = buildScriptRequest('echo "$WORD"; cat key.txt; cat key.txt > "$ERROR_FILE"; exit 1', { secrets });
    const bad = { ...good, driver: { ...good.driver, secrets: { passwort: canary, job: canary } } };
    for (const runtime of runtimes) {
      const call = createCaller(getDoor(runtime).url, lab.identities.staticToken);
      const path = `/drivers/container/${createGuresid()}`;
      expect((await call("PUT", path, { body: bad })).status).toBe(400);
      expect((await call("PUT", path, { body: good, headers: { Prefer: "wait=25" } })).status).toBe(400);
      expect((await call("GET", path, { headers: { Cookie: canary, "Humanitec-Driver-Cookie": canary } })).status).toBe(
        400,
      );
      expect((await call("GET", path, { headers: { Authorization: `Bearer ${canary}` } })).status).toBe(401);
      const log = getDoor(runtime).output();
      expect(log).toContain(path);
      for (const secret of [canary, ...lab.secrets, ...parts]) expect(log).not.toContain(secret);
    }
    const commandLines = (await listCommandLines()).join("\n");
    expect(commandLines).toContain("workerd");
    for (const secret of [canary, ...lab.secrets]) expect(commandLines).not.toContain(secret);
  });

  test("it ends when it is told to, with everything that it has started", async () => {
    // Ctrl-C, and what a supervisor does.
    const signals = { Node: "SIGINT", Deno: "SIGTERM", Workers: "SIGINT" } as const;
    const codes = await Promise.all(runtimes.map((runtime) => getDoor(runtime).stop(signals[runtime.name])));
    expect(codes).toEqual([0, 0, 0]);
    await waitUntil("only the agent is left", async () => {
      const left = (await findProcesses(lab.home)).map(({ commandLine }) => commandLine);
      return left.every((line) => /agent|supervis/.test(line));
    });
  });
});

/** What a front door says to each token, a few at a time. */
async function judge({ url }: FrontDoor, tokens: readonly { name: string; authorization: string }[]) {
  const verdict = new Map<string, { status: number; text: string }>();
  const waiting = tokens.toReversed();
  const work = async () => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const headers = { Authorization: next.authorization };
      const { status, text } = await sendRequest(url, { method: "GET", path: "/drivers/container/abc", headers });
      verdict.set(next.name, { status, text });
    }
  };
  await Promise.all(Array.from({ length: 8 }, work));
  return verdict;
}
