/** `npm run keys:rotate`: at no moment of a rotation does anybody meet something under a key that he doesn't have. */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { loadAgentKeys } from "../../adapters/node/agent-keys.ts";
import { readFrontDoorKeys } from "../../adapters/node/local-files.ts";
import { readRegistry, registerCluster, writeAgentFiles } from "../../scripts/cluster-files.ts";
import type { Result } from "../../src/contract/result.ts";
import { computeFingerprint, matchesFingerprint } from "../../src/sealing/fingerprint.ts";
import { importFrontDoorKeys, RunSecretMissing } from "../../src/sealing/keys.ts";
import { createCommands, type Commands } from "./commands.ts";

const cluster = "prod";
let commands: Commands;

beforeEach(async () => {
  commands = await createCommands(await mkdtemp(path.join(tmpdir(), "keys-")));
  await writeAgentFiles(commands.directory, { cluster, url: commands.url, apiPrefix: "HUB.API" });
  await registerCluster(commands.directory, cluster);
});
afterEach(() => rm(commands.directory, { recursive: true }));

async function rotate(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await commands.run("keys:rotate", ...args);
  expect([code, stderr]).toEqual([0, ""]);
  return stdout;
}

function unwrap<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(result.problem);
  return result.value;
}

/** What the agent opens with and whose orders it obeys, by the files that it is given. */
async function readAgent() {
  const files = {
    CLUSTER_KEYS_FILE: path.join(commands.directory, "clusters", cluster, "keys.json"),
    TRUSTED_FRONT_DOORS_FILE: path.join(commands.directory, "clusters", cluster, "front-doors.json"),
  };
  const keys = unwrap(await loadAgentKeys(commands.directory, cluster, files));
  return { opens: keys.decryption.map(({ kid }) => kid), obeys: keys.trusted.map(({ kid }) => kid) };
}

const readFrontDoor = async () => unwrap(await importFrontDoorKeys(await readFrontDoorKeys(commands.directory)));
const readSealingKey = async () => (await readRegistry(commands.directory))[cluster]?.key.kid;

test("the agent has a cluster's new key before the front door seals to it, and the older one stays", async () => {
  const before = await readSealingKey();
  expect(await rotate("prepare", "--cluster", cluster)).toMatch(/^updated .*keys\.json\n$/);
  const { opens } = await readAgent();
  expect([opens.length, opens[1], await readSealingKey()]).toEqual([2, before, before]);
  expect(await rotate("prepare", "--cluster", cluster)).toMatch(/^unchanged /);
  expect(await rotate("use", "--cluster", cluster)).toMatch(/^updated .*clusters\.json\n$/);
  expect([(await readAgent()).opens, await readSealingKey()]).toEqual([opens, opens[0]]);
  expect(await rotate("use", "--cluster", cluster)).toMatch(/^unchanged /);
});

test("agents obey a front door's new key, and older front doors know its new secret, before it is in use", async () => {
  const before = await readFrontDoor();
  await rotate("prepare", "--front-door");
  const prepared = await readFrontDoor();
  expect([prepared.signing.kid, prepared.runSecrets[0].id]).toEqual([before.signing.kid, before.runSecrets[0].id]);
  const { obeys } = await readAgent();
  expect(await rotate("prepare", "--front-door")).not.toMatch(/^(created|updated)/m);
  await rotate("use", "--front-door");
  const after = await readFrontDoor();
  expect(after.signing.kid).not.toBe(before.signing.kid);
  expect(new Set(obeys)).toEqual(new Set([before.signing.kid, after.signing.kid]));
  expect(await matchesFingerprint("x", await computeFingerprint("x", after), prepared)).toBe(true);
  expect(await matchesFingerprint("x", await computeFingerprint("x", prepared), after)).toBe(true);
  const newest = await computeFingerprint("x", after);
  await expect(matchesFingerprint("x", newest, before)).rejects.toThrow(RunSecretMissing);
  expect(await readdir(commands.directory)).not.toContain("front-door.next.json");
});

test("an agent on the same machine obeys the present front door and those that its cluster has known", async () => {
  const before = await readFrontDoor();
  await rotate("prepare", "--front-door");
  await rotate("use", "--front-door");
  const { trusted } = unwrap(await loadAgentKeys(commands.directory, cluster));
  expect(trusted.map(({ kid }) => kid)).toEqual([(await readFrontDoor()).signing.kid, before.signing.kid]);
});

test.each([
  [["use", "--front-door"], "prepare them first"],
  [["prepare", "--cluster", "nowhere"], "there is no cluster nowhere here"],
  [["use", "--cluster", "constructor"], "there is no cluster constructor here"],
  [["prepare", "--cluster", "../up"], "as a cluster's name"],
  [["prepare"], "one of the two"],
  [["prepare", "--front-door", "--cluster", cluster], "one of the two"],
  [["--front-door"], "say prepare or use"],
])("%j is refused, and changes nothing", async (args, problem) => {
  const read = () => readFile(path.join(commands.directory, "clusters.json"), "utf8");
  const before = [await readdir(commands.directory, { recursive: true }), await read()];
  const { code, stderr } = await commands.run("keys:rotate", ...args);
  expect([code, stderr]).toEqual([1, expect.stringMatching(/^Cannot .+\n$/)]);
  expect(stderr).toContain(problem);
  expect([await readdir(commands.directory, { recursive: true }), await read()]).toEqual(before);
});
