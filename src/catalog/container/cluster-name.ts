/** The cluster that a request names: `"prod"`, `{name}`, or the orchestrator's `{account, cluster: {name, …}}`. */
import type { ContainerValues } from "../../contract/container/inputs.ts";
import { describeKind, isJsonObject, type JsonValue } from "../../contract/json.ts";
import { refuse, succeed, type Result } from "../../contract/result.ts";

export function getClusterName(cluster: ContainerValues["cluster"]): Result<string | undefined> {
  const [path, name] = findName(cluster);
  if (name === undefined || name === null || name === "") return succeed(undefined);
  return typeof name === "string"
    ? succeed(name)
    : refuse(`${path} is ${describeKind(name)}, must be a cluster's name`);
}

/** The name and its JSON path. */
function findName(cluster: ContainerValues["cluster"]): [path: string, name: JsonValue | undefined] {
  const path = "driver.values.cluster";
  if (!isJsonObject(cluster)) return [path, cluster];
  const name = cluster["name"] ?? null;
  if (name !== null) return [`${path}.name`, name];
  const inner = cluster["cluster"];
  return isJsonObject(inner) ? [`${path}.cluster.name`, inner["name"]] : [`${path}.cluster`, inner];
}
