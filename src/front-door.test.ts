import { expect, test } from "vitest";
import { buildBody, path } from "./app.fixture.ts";
import { createMemoryBus } from "./bus/memory/memory-bus.ts";
import { readFrontDoorConfig } from "./config.ts";
import { stringifyJson } from "./contract/json.ts";
import { createFrontDoor } from "./front-door.ts";
import { createConsoleLogger } from "./log.ts";
import { generateClusterKeys, generateFrontDoorKeys, getClusterPublicJwk } from "./sealing/key-files.ts";

const key = getClusterPublicJwk(await generateClusterKeys());
const frontDoorKeys = await generateFrontDoorKeys();

async function create(variables: Record<string, string> = {}, catchAll?: string) {
  const config = readFrontDoorConfig({
    FRONT_DOOR_KEYS: JSON.stringify(frontDoorKeys),
    CLUSTERS: JSON.stringify({ prod: { key, routes: ["acme-eu"] }, test: { key } }),
    DEFAULT_CLUSTER: "test",
    ...variables,
  });
  if (!config.ok) throw new Error(config.problem);
  const now = () => new Date();
  const logger = createConsoleLogger({ write: () => undefined, now, level: "silent" });
  return createFrontDoor({ config: config.value, bus: createMemoryBus(), logger, now, version: "1.2.3", catchAll });
}

/** The status of a PUT that names a cluster. */
async function put(cluster: string | undefined, ...how: Parameters<typeof create>): Promise<number> {
  const app = await create(...how);
  if (!app.ok) throw new Error(app.problem);
  const body = stringifyJson(buildBody({}, cluster === undefined ? {} : { cluster }));
  return (await app.value.request(path, { method: "PUT", body })).status;
}

test("what is configured is what is served: clusters, routes, the default, where all others lead", async () => {
  expect(await put(undefined)).toBe(202);
  expect(await put("prod")).toBe(202);
  expect(await put("acme-eu")).toBe(202);
  expect(await put("elsewhere")).toBe(400);
  expect(await put("elsewhere", {}, "prod")).toBe(202);
});

test("with a token configured, nobody comes in without one", async () => {
  expect(await put(undefined, { TOKEN_HASHES: "a".repeat(64) })).toBe(401);
});

test("names that lead nowhere, or to two places, are a reason", async () => {
  const tryClusters = async (clusters: unknown, more: Record<string, string> = {}) => {
    const app = await create({ CLUSTERS: JSON.stringify(clusters), ...more });
    return app.ok ? "created" : app.problem;
  };
  const [prod, test] = [{ key, routes: ["eu"] }, { key }];
  expect(await tryClusters({ prod, test })).toBe("created");
  expect(await tryClusters({ prod })).toBe("DEFAULT_CLUSTER is test, which CLUSTERS doesn't have; it has prod");
  expect(await tryClusters({ prod, test: { key, routes: ["eu"] } })).toBe(
    'CLUSTERS has the route "eu" of test, which leads to prod as well',
  );
  expect(await tryClusters({ prod: { key, routes: ["test"] }, test })).toBe(
    'CLUSTERS has the route "test" of prod, which leads to test as well',
  );
  expect(await tryClusters({ prod: { key, routes: ["prod", "eu", "eu"] }, test })).toBe("created");
});

test("keys that can't be used are a reason, not a crash", async () => {
  const other = await generateFrontDoorKeys();
  const mixed = { ...frontDoorKeys, signing: { ...frontDoorKeys.signing, kid: other.signing.kid } };
  expect(await create({ FRONT_DOOR_KEYS: JSON.stringify(mixed) })).toMatchObject({ ok: false });
  const { kid } = getClusterPublicJwk(await generateClusterKeys());
  expect(await create({ CLUSTERS: JSON.stringify({ test: { key: { ...key, kid } } }) })).toMatchObject({ ok: false });
});
