/** The cluster that a request names: `"prod"`, `{name}`, or the orchestrator's `{account, cluster: {name, …}}`. */
import type { ContainerValues } from "../../contract/container/inputs.ts";
import { isJsonObject } from "../../contract/json.ts";
import { refuse, succeed, type Result } from "../../contract/result.ts";

export function getClusterName(cluster: ContainerValues["cluster"]): Result<string | undefined> {
  if (cluster === undefined || cluster === "") return succeed(undefined);
  if (typeof cluster === "string") return succeed(cluster);
  const inner = cluster["cluster"];
  const name = cluster["name"] ?? (isJsonObject(inner) ? inner["name"] : inner);
  if (name === undefined) return succeed(undefined);
  return typeof name === "string"
    ? succeed(name)
    : refuse("driver.values.cluster must hold the cluster's name as a string");
}
