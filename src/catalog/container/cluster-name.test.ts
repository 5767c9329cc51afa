import { expect, test } from "vitest";
import type { JsonObject } from "../../contract/json.ts";
import { getClusterName } from "./cluster-name.ts";

test.for<[string | JsonObject | undefined, string | undefined]>([
  [undefined, undefined],
  ["", undefined],
  ["prod", "prod"],
  [{}, undefined],
  [{ name: "prod" }, "prod"],
  [{ name: null }, undefined],
  [{ name: "" }, undefined],
  [{ cluster: "prod" }, "prod"],
  [{ cluster: null }, undefined],
  [{ cluster: {} }, undefined],
  [{ cluster: { name: "prod" } }, "prod"],
  [{ account: "acme/aws", cluster: { name: "prod", cluster_type: "eks", region: "eu" } }, "prod"],
  [{ name: null, cluster: { name: "prod" } }, "prod"],
  [{ name: "outer", cluster: { name: "inner" } }, "outer"],
])("%j names the cluster %s", ([cluster, name]) => {
  expect(getClusterName(cluster)).toEqual({ ok: true, value: name });
});

test.for<[JsonObject, string]>([
  [{ name: 5 }, "driver.values.cluster.name is a number, must be a cluster's name"],
  [{ name: { canary: 1 } }, "driver.values.cluster.name is an object, must be a cluster's name"],
  [{ cluster: ["canary"] }, "driver.values.cluster.cluster is a list, must be a cluster's name"],
  [{ cluster: { name: true } }, "driver.values.cluster.cluster.name is a boolean, must be a cluster's name"],
])("%j is refused: %s", ([cluster, problem]) => {
  expect(getClusterName(cluster)).toEqual({ ok: false, problem });
});
