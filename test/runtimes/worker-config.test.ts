import { beforeAll, describe, expect, test } from "vitest";
import { readWorkerConfig } from "../../adapters/cloudflare/config.ts";
import { stringifyJson } from "../../src/contract/json.ts";
import { generateClusterKeys, generateFrontDoorKeys, getClusterPublicJwk } from "../../src/sealing/key-files.ts";

let bindings: Record<string, unknown>;

beforeAll(async () => {
  bindings = {
    FRONT_DOOR: { getByName: () => undefined },
    FRONT_DOOR_KEYS: stringifyJson(await generateFrontDoorKeys()),
    CLUSTERS: stringifyJson({ prod: { key: getClusterPublicJwk(await generateClusterKeys()) } }),
    NATS_URL: "wss://nats.example.com",
    TOKEN_HASHES: "a".repeat(64),
  };
});

describe("A Worker's bindings", () => {
  test("are taken where everything is right, with an idle time that has a default", () => {
    const config = readWorkerConfig(bindings);
    expect(config).toMatchObject({ ok: true, value: { IDLE_SECONDS: 30, HOST: "the Internet" } });
    expect(config.ok && config.value.connection).toMatchObject({
      servers: ["wss://nats.example.com"],
      maxReconnectAttempts: -1,
    });
  });

  test("are refused without tokens, as everybody can reach a Worker", () => {
    const open = readWorkerConfig({ ...bindings, TOKEN_HASHES: undefined });
    expect(open).toEqual({
      ok: false,
      problem: expect.stringMatching(/the Internet, which others can reach.*TOKEN_HASHES/),
    });
    expect(readWorkerConfig({ ...bindings, TOKEN_HASHES: undefined, HOST: "127.0.0.1" }).ok).toBe(true);
  });

  test.each([
    [{ NATS_URL: undefined }, /NATS_URL is missing/],
    [{ NATS_URL: "nats://broker:4222" }, /must be ws:\/\/ or wss:/],
    [{ NATS_URL: "wss://me:secret-word%zz@broker" }, /NATS_URL can't be used/],
    [{ FRONT_DOOR_KEYS: "secret-word" }, /FRONT_DOOR_KEYS can't be used/],
    [{ CLUSTERS: "{}", IDLE_SECONDS: "0" }, /IDLE_SECONDS must be at least 1/],
  ])("that are wrong (%#) are refused by name, and never repeated", (wrong, problem) => {
    const config = readWorkerConfig({ ...bindings, ...wrong });
    expect(config).toEqual({ ok: false, problem: expect.stringMatching(problem) });
    expect(JSON.stringify(config)).not.toContain("secret-word");
  });
});
