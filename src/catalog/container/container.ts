/** The container driver itself: its inputs are a container run already. */
import { check } from "../../contract/decode.ts";
import { ContainerRequest, type ContainerInputs } from "../../contract/container/inputs.ts";
import { checkCredentials } from "../../contract/container/environment.ts";
import { describeLimit, limits } from "../../contract/limits.ts";
import { refuse, succeed, type Result } from "../../contract/result.ts";
import type { InputData } from "../../contract/driver-api/input-data.ts";
import type { Driver, Wanted } from "../driver.ts";
import { getClusterName } from "./cluster-name.ts";
import { inputsSchema } from "./inputs-schema.ts";

export const containerDriver: Driver = { name: "container", toWanted, inputsSchema };

function toWanted({ type, resource, driver }: InputData): Result<Wanted> {
  const request = check(ContainerRequest, { driver: { values: driver?.values ?? {}, secrets: driver?.secrets ?? {} } });
  if (!request.ok) return request;
  const { values, secrets } = request.value.driver;
  const inputs: ContainerInputs = { type, resource, values, secrets };
  for (const problem of [checkFiles(inputs), checkSource(inputs), checkCredentials(inputs)])
    if (!problem.ok) return problem;
  const cluster = getClusterName(values.cluster);
  return cluster.ok ? succeed({ inputs, cluster: cluster.value }) : cluster;
}

function checkFiles({ values, secrets }: ContainerInputs): Result<undefined> {
  const plain = Object.keys(values.files ?? {});
  const secret = Object.keys(secrets.files ?? {});
  const count = plain.length + secret.length;
  if (count > limits.files)
    return refuse(describeLimit("driver.values.files with driver.secrets.files", count, limits.files, "files"));
  const twice = secret.find((path) => plain.includes(path));
  return twice === undefined
    ? succeed(undefined)
    : refuse(`driver.secrets.files[${JSON.stringify(twice)}] is in driver.values.files too: give it once`);
}

function checkSource({ values, secrets }: ContainerInputs): Result<undefined> {
  if (values.source !== undefined || secrets.source === undefined) return succeed(undefined);
  return refuse("driver.values.source is missing, but driver.secrets.source is given");
}
