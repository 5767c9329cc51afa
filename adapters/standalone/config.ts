/** The standalone server's configuration: that of the front door and that of the agent together. */
import * as v from "valibot";
import { agentVariables } from "../../k8s-agent/config.ts";
import { frontDoorVariables, requireToken } from "../../src/config.ts";
import { ClusterName } from "../../src/contract/names.ts";
import type { Result } from "../../src/contract/result.ts";
import { readVariables } from "../../src/contract/variables.ts";
import { brokerVariables, fillInFrontDoor, withLocalKeys, type Environment } from "../node/config.ts";
import { metricsVariables } from "../node/metrics/config.ts";
import { tracingVariables } from "../node/tracing/config.ts";

const variables = {
  ...frontDoorVariables,
  ...agentVariables,
  ...brokerVariables,
  ...metricsVariables,
  ...tracingVariables,
  NATS_URL: v.optional(v.string()),
};

const read = (environment: Environment) => readVariables(variables, environment);

export type StandaloneConfig = Extract<ReturnType<typeof read>, { ok: true }>["value"];

/** Reads environment variables; what is not among them comes from `.local/`. */
export async function readStandaloneConfig(
  environment: Environment,
  localDirectory: string,
): Promise<Result<StandaloneConfig>> {
  // A name that is no cluster's must not become a path; reading the variables says what is wrong with it.
  const named = v.safeParse(ClusterName, environment["CLUSTER"] || "local");
  const cluster = named.success ? named.output : "local";
  const own = { localDirectory, cluster };
  // Without a broker there is one cluster, whichever were added.
  const filled = environment["NATS_URL"]
    ? await fillInFrontDoor({ DEFAULT_CLUSTER: cluster, ...environment }, { ...own, always: true })
    : await withLocalKeys(environment, own);
  const config = read(filled);
  return config.ok ? requireToken(config.value) : config;
}
