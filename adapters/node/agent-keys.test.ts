import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { stringifyJson } from "../../src/contract/json.ts";
import { generateClusterKeys, generateFrontDoorKeys, getFrontDoorPublicJwk } from "../../src/sealing/key-files.ts";
import { loadAgentKeys } from "./agent-keys.ts";

let local: string;

beforeEach(async () => void (local = await mkdtemp(join(tmpdir(), "cd-"))));
afterEach(() => rm(local, { recursive: true }));

describe("An agent's keys", () => {
  test("are made where the broker is on this machine and lets everybody in, then the same", async () => {
    const broker = { NATS_URL: "nats://127.0.0.1:4222" };
    const kids = async () => {
      const keys = await loadAgentKeys(local, "prod", broker);
      return keys.ok ? [...keys.value.decryption, ...keys.value.trusted].map(({ kid }) => kid) : keys.problem;
    };
    const made = await kids();
    expect(made).toHaveLength(2);
    expect(await kids()).toEqual(made);
  });

  test.each([
    { NATS_URL: "nats://broker.example" },
    { NATS_URL: "nats://127.0.0.1:4222", NATS_CREDENTIALS: "nats.creds" },
  ])("are not made for %o: what is missing is named", async (broker) => {
    const folder = join(local, "clusters/prod");
    const problem = async () => {
      const keys = await loadAgentKeys(local, "prod", broker);
      return keys.ok ? "none" : keys.problem;
    };
    expect(await problem()).toBe(
      `CLUSTER_KEYS_FILE is missing, and there is no ${folder}/keys.json: cluster:add has made one for this cluster`,
    );
    expect(await readdir(local)).toEqual([]);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "keys.json"), stringifyJson(await generateClusterKeys()));
    expect(await problem()).toMatch(/^TRUSTED_FRONT_DOORS_FILE is missing/);
    const frontDoor = getFrontDoorPublicJwk(await generateFrontDoorKeys());
    await writeFile(join(folder, "front-doors.json"), stringifyJson([frontDoor]));
    const keys = await loadAgentKeys(local, "prod", broker);
    expect(keys).toMatchObject({ ok: true, value: { trusted: [{ kid: frontDoor.kid }] } });
    expect(await readdir(local)).toEqual(["clusters"]);
  });
});
