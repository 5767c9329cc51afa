import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readAgentConfig } from "./config.ts";

let local: string;
const url = "nats://broker.example:4222";

beforeAll(async () => {
  local = await mkdtemp(join(tmpdir(), "cd-"));
  await mkdir(join(local, "clusters/prod"), { recursive: true });
  const lines = [
    "CLUSTER=prod",
    "CLUSTER_KEYS_FILE=/k.json",
    `NATS_URL=${url}`,
    "NATS_CREDENTIALS=/n.creds",
    "NATS_API_PREFIX=HUB.API",
  ];
  await writeFile(join(local, "clusters/prod/agent.env"), `${lines.join("\n")}\n`);
});
afterAll(() => rm(local, { recursive: true }));

describe("An agent's configuration", () => {
  test("comes from what cluster:add has left for its cluster", async () => {
    expect(await readAgentConfig({ CLUSTER: "prod" }, local)).toMatchObject({
      ok: true,
      value: {
        CLUSTER: "prod",
        NATS_URL: url,
        NATS_CREDENTIALS: "/n.creds",
        NATS_API_PREFIX: "HUB.API",
        CLUSTER_KEYS_FILE: "/k.json",
      },
    });
  });

  test("comes from the environment first, where an empty variable counts as left out", async () => {
    const environment = { CLUSTER: "prod", NATS_URL: url, NATS_CREDENTIALS: "/mine.creds", CLUSTER_KEYS_FILE: "" };
    expect(await readAgentConfig(environment, local)).toMatchObject({
      ok: true,
      value: { NATS_CREDENTIALS: "/mine.creds", NATS_API_PREFIX: "HUB.API", CLUSTER_KEYS_FILE: "/k.json" },
    });
  });

  test("has no credentials of one broker for another", async () => {
    const config = await readAgentConfig({ CLUSTER: "prod", NATS_URL: "nats://127.0.0.1:4222" }, local);
    expect(config.ok && [config.value.NATS_CREDENTIALS, config.value.NATS_API_PREFIX]).toEqual([undefined, undefined]);
  });

  test.each(["../prod", "prod/../prod", "PROD"])("is of no cluster called %s", async (CLUSTER) => {
    const config = await readAgentConfig({ CLUSTER, NATS_URL: url }, local);
    expect(config).toEqual({ ok: false, problem: expect.stringContaining("CLUSTER") });
  });
});
