import { expect, test } from "vitest";
import { createParties } from "../sealing/sealing.fixture.ts";
import { createClusterDirectory } from "./cluster-directory.ts";

const { clusterKey: key } = await createParties();
const clusters = ["a", "b"].map((name) => ({ name, key }));

/** The cluster that a name leads to, or what is wrong with it. */
async function resolve(directory: ReturnType<typeof createClusterDirectory>, name?: string): Promise<string> {
  const resolved = await directory.resolve(name);
  return resolved.ok ? resolved.value.name : resolved.problem;
}

test("a cluster's own name comes before a route, and a route before where all others lead", async () => {
  const directory = createClusterDirectory({ clusters, routes: { a: "b", r: "b" }, catchAll: "a" });
  expect(await resolve(directory, "a")).toBe("a");
  expect(await resolve(directory, "r")).toBe("b");
  expect(await resolve(directory, "x")).toBe("a");
  expect(await resolve(directory, "constructor")).toBe("a");
});

test("a default or a route to a cluster that isn't there is as none", async () => {
  const directory = createClusterDirectory({ clusters, routes: { r: "gone" }, defaultCluster: "gone" });
  expect(await resolve(directory)).toContain("there is no default cluster; known: a, b, r");
  expect(await resolve(directory, "r")).toContain("not known here; known: a, b, r");
});

test("a cluster is found by its own name only", async () => {
  const directory = createClusterDirectory({ clusters, routes: { r: "b" }, catchAll: "a" });
  expect((await directory.find("b"))?.name).toBe("b");
  expect(await directory.find("r")).toBeUndefined();
  expect(await directory.find("x")).toBeUndefined();
});
