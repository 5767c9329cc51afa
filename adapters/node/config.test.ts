import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { stringifyJson } from "../../src/contract/json.ts";
import { generateClusterKeys, generateFrontDoorKeys, getClusterPublicJwk } from "../../src/sealing/key-files.ts";
import { readNodeConfig } from "./config.ts";

let local: string;
const NATS_URL = "nats://127.0.0.1:4222";

beforeEach(async () => void (local = await mkdtemp(join(tmpdir(), "cd-"))));
afterEach(() => rm(local, { recursive: true }));

async function read(environment: Record<string, string>) {
  const config = await readNodeConfig({ NATS_URL, ...environment }, local);
  if (!config.ok) return expect.unreachable(config.problem);
  return config.value;
}

describe("The front door's configuration", () => {
  test("has keys of this machine, and its one cluster, where nothing else is said: the same each time", async () => {
    const config = await read({});
    expect(Object.keys(config.CLUSTERS)).toEqual(["local"]);
    expect(await read({})).toEqual(config);
  });

  test("has the clusters that were added in place of that one", async () => {
    await writeFile(join(local, "clusters.json"), "{}\n");
    expect(Object.keys((await read({})).CLUSTERS)).toEqual(["local"]);
    const prod = { key: getClusterPublicJwk(await generateClusterKeys()), routes: ["gke"] };
    await writeFile(join(local, "clusters.json"), stringifyJson({ prod }));
    expect((await read({})).CLUSTERS).toEqual({ prod });
  });

  test("writes nothing where the environment has everything", async () => {
    const FRONT_DOOR_KEYS = stringifyJson(await generateFrontDoorKeys());
    const CLUSTERS = stringifyJson({ prod: { key: getClusterPublicJwk(await generateClusterKeys()) } });
    await read({ FRONT_DOOR_KEYS, CLUSTERS });
    expect(await readdir(local)).toEqual([]);
  });

  test("shows the credentials of the broker on this machine to no other one", async () => {
    await mkdir(join(local, "broker"));
    const file = join(local, "broker/front-door.creds");
    const FRONT_DOOR_KEYS = stringifyJson(await generateFrontDoorKeys());
    const CLUSTERS = stringifyJson({ prod: { key: getClusterPublicJwk(await generateClusterKeys()) } });
    const given = { FRONT_DOOR_KEYS, CLUSTERS };
    await writeFile(file, "credentials");
    for (const url of [NATS_URL, "ws://localhost:9222", "nats://127.0.0.1:1,nats://127.0.0.1:2"])
      expect((await read({ NATS_URL: url })).NATS_CREDENTIALS).toBe(file);
    for (const url of ["nats://broker.example", "nats://127.0.0.1,nats://broker.example", "nats://me:word@127.0.0.1"])
      expect((await read({ NATS_URL: url, ...given })).NATS_CREDENTIALS).toBeUndefined();
    expect((await read({ NATS_CREDENTIALS: "/mine.creds" })).NATS_CREDENTIALS).toBe("/mine.creds");
  });

  test("makes no keys where others have theirs: for a broker elsewhere, or clusters that were given", async () => {
    const elsewhere = await readNodeConfig({ NATS_URL: "nats://broker.example" }, local);
    const problem = expect.stringMatching(/FRONT_DOOR_KEYS is missing: .*front-door\.json.*CLUSTERS is missing/);
    expect(elsewhere).toEqual({ ok: false, problem });
    const CLUSTERS = stringifyJson({ prod: { key: getClusterPublicJwk(await generateClusterKeys()) } });
    const given = await readNodeConfig({ NATS_URL, CLUSTERS }, local);
    expect(given).toEqual({ ok: false, problem: expect.stringMatching(/^FRONT_DOOR_KEYS is missing/) });
    expect(await readdir(local)).toEqual([]);
    const keys = await generateFrontDoorKeys();
    await writeFile(join(local, "front-door.json"), stringifyJson(keys));
    expect((await read({ CLUSTERS })).FRONT_DOOR_KEYS).toEqual(keys);
  });

  test("is refused for others to reach without a token, and without a broker", async () => {
    const open = await readNodeConfig({ NATS_URL, HOST: "0.0.0.0" }, local);
    expect(open).toEqual({ ok: false, problem: expect.stringMatching(/HOST is 0\.0\.0\.0.*TOKEN_HASHES/) });
    const brokerless = await readNodeConfig({}, local);
    expect(brokerless).toEqual({ ok: false, problem: expect.stringContaining("NATS_URL is missing") });
  });
});
