/** The agent's configuration: variables from the environment, and what `cluster:add` has left in `.local/` where it has none. */
import { join } from "node:path";
import { parseEnv } from "node:util";
import * as v from "valibot";
import { agentVariables } from "../../k8s-agent/config.ts";
import { frontDoorVariables } from "../../src/config.ts";
import { ClusterName } from "../../src/contract/names.ts";
import type { Result } from "../../src/contract/result.ts";
import { readVariables, wholeNumber } from "../../src/contract/variables.ts";
import { brokerVariables, type Environment } from "../node/config.ts";
import { metricsVariables } from "../node/metrics/config.ts";
import { tracingVariables } from "../node/tracing/config.ts";
import { readTextIfThere } from "../node/local-files.ts";

const { LOG_LEVEL } = frontDoorVariables;

/** Where keys are that don't lie in `.local/`, such as in a mounted secret. */
export const keyFileVariables = {
  /** The cluster's own keys. */
  CLUSTER_KEYS_FILE: v.optional(v.string()),
  /** The public keys of the front doors that the agent obeys. */
  TRUSTED_FRONT_DOORS_FILE: v.optional(v.string()),
};

/** Of the agent as a program of its own. */
export const probeVariables = {
  /** Where `/alive` and `/ready` are answered, on all addresses; left out: nowhere. */
  PROBE_PORT: v.optional(wholeNumber(1, 65_535)),
};

const read = (variables: Environment) =>
  readVariables(
    {
      ...agentVariables,
      ...brokerVariables,
      ...metricsVariables,
      ...tracingVariables,
      ...keyFileVariables,
      ...probeVariables,
      LOG_LEVEL,
    },
    variables,
  );

export type AgentConfig = Extract<ReturnType<typeof read>, { ok: true }>["value"];

export async function readAgentConfig(environment: Environment, localDirectory: string): Promise<Result<AgentConfig>> {
  return read(await fillInAgent(environment, localDirectory));
}

/** The environment, with the cluster's `agent.env` where it has nothing. An empty variable counts as left out. */
export async function fillInAgent(environment: Environment, localDirectory: string): Promise<Environment> {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ""));
  // A name that is no cluster's must not become a path; reading the variables says what is wrong with it.
  const cluster = v.safeParse(v.optional(ClusterName, "local"), given["CLUSTER"]);
  const path = cluster.success ? join(localDirectory, "clusters", cluster.output, "agent.env") : undefined;
  const text = path === undefined ? undefined : await readTextIfThere(path);
  const added = parseEnv(text ?? "");
  // Credentials and prefix are those of the broker that the file names: another one has none of them.
  const elsewhere = given["NATS_URL"] !== undefined && given["NATS_URL"] !== added["NATS_URL"];
  const fitting = Object.entries(added).filter(([name]) => !(elsewhere && name.startsWith("NATS_")));
  return { ...Object.fromEntries(fitting), ...given };
}
