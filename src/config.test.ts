import { describe, expect, test } from "vitest";
import { getAuthentication, readFrontDoorConfig, requireToken } from "./config.ts";
import { generateClusterKeys, generateFrontDoorKeys, getClusterPublicJwk } from "./sealing/key-files.ts";

const key = getClusterPublicJwk(await generateClusterKeys());
const needed = {
  FRONT_DOOR_KEYS: JSON.stringify(await generateFrontDoorKeys()),
  CLUSTERS: JSON.stringify({ prod: { key, routes: ["acme-eu"] } }),
};
const hash = "a".repeat(64);

function read(variables: Record<string, string> = {}) {
  const config = readFrontDoorConfig({ ...needed, ...variables });
  if (!config.ok) throw new Error(config.problem);
  return config.value;
}

function problemOf(variables: Record<string, string>): string {
  const config = readFrontDoorConfig({ ...needed, ...variables });
  return config.ok ? "taken" : config.problem;
}

test("keys and clusters are all that is needed", () => {
  expect(read()).toMatchObject({
    PORT: 8787,
    HOST: "127.0.0.1",
    WAIT_SECONDS: 0,
    LOG_LEVEL: "info",
    CLUSTERS: { prod: { key, routes: ["acme-eu"] } },
  });
  expect(readFrontDoorConfig({})).toEqual({
    ok: false,
    problem:
      "FRONT_DOOR_KEYS is missing: the front-door.json that all front doors share, made by cluster:add; " +
      "CLUSTERS is missing: the clusters.json that cluster:add writes",
  });
});

test("everything that is wrong is told at once, without the values", () => {
  const problem = problemOf({
    PORT: "canary",
    FRONT_DOOR_KEYS: '{"v":1,"signing":"canary","runSecrets":[]}',
    CLUSTERS: '{"Prod":{"key":{}}}',
    DEFAULT_CLUSTER: "Canary!",
    TOKEN_HASHES: "canary",
    WAIT_SECONDS: "26",
    LOG_LEVEL: "canary",
  });
  const parts = [
    "PORT must be a whole number",
    "FRONT_DOOR_KEYS can't be used: signing is a string, must be an object; runSecrets must hold a secret",
    "CLUSTERS can't be used: Prod must be 1 to 63 of a-z, 0-9 and hyphens",
    "DEFAULT_CLUSTER must be 1 to 63",
    "TOKEN_HASHES must be SHA-256 hashes in hex",
    "WAIT_SECONDS must be at most 25",
    "LOG_LEVEL must be one of debug, info",
  ];
  for (const part of parts) expect(problem).toContain(part);
  expect(problem).not.toMatch(/canary/i);
});

describe("callers' tokens", () => {
  test("are hashes, each with a name or without", () => {
    expect(read({ TOKEN_HASHES: `${hash.toUpperCase()},ci=${"b".repeat(64)}` }).TOKEN_HASHES).toEqual([
      { name: "token-1", sha256: hash },
      { name: "ci", sha256: "b".repeat(64) },
    ]);
  });

  test.for([hash.slice(1), `${hash},`, `=${hash}`, `a b=${hash}`, `${hash} ${hash}`, "g".repeat(64)])(
    "are not %s",
    (text) => {
      expect(problemOf({ TOKEN_HASHES: text })).toContain("TOKEN_HASHES must be SHA-256 hashes in hex");
    },
  );

  test("from both variables count together", () => {
    const AUTHENTICATION = JSON.stringify({ tokens: [{ name: "one", sha256: "c".repeat(64) }] });
    const config = read({ TOKEN_HASHES: `ci=${hash}`, AUTHENTICATION });
    expect(getAuthentication(config).tokens?.map(({ name }) => name)).toEqual(["one", "ci"]);
    expect(getAuthentication(read())).toEqual({});
  });

  test("are needed where others can reach the server", () => {
    expect(requireToken(read()).ok).toBe(true);
    expect(requireToken(read({ HOST: "0.0.0.0" }))).toEqual({
      ok: false,
      problem: "HOST is 0.0.0.0, which others can reach: set TOKEN_HASHES to the SHA-256 of a token, or AUTHENTICATION",
    });
    expect(requireToken(read({ HOST: "0.0.0.0", TOKEN_HASHES: hash })).ok).toBe(true);
  });
});
