/** The configuration of the front door on Node: variables from the environment, and from `.local/` where it has none. */
import * as v from "valibot";
import { readServers } from "../../src/bus/nats/servers.ts";
import { frontDoorVariables, requireToken } from "../../src/config.ts";
import type { Result } from "../../src/contract/result.ts";
import { readVariables } from "../../src/contract/variables.ts";
import { metricsVariables } from "./metrics/config.ts";
import { tracingVariables } from "./tracing/config.ts";
import {
  findBrokerCredentials,
  isOnThisMachine,
  readClusterList,
  readFrontDoorKeyText,
  readOwnCluster,
} from "./local-variables.ts";

/** How programs on Node and Deno reach the broker. */
export const brokerVariables = {
  /** `nats://`, `tls://`, `ws://` or `wss://`; several servers with commas. */
  NATS_URL: v.pipe(
    v.string(),
    v.rawCheck(({ dataset, addIssue }) => {
      const servers = dataset.typed ? readServers(dataset.value) : undefined;
      if (servers?.ok === false) addIssue({ message: `can't be used: ${servers.problem}` });
    }),
    v.description("the broker's URL, such as nats://127.0.0.1:4222"),
  ),
  /** A credentials file. */
  NATS_CREDENTIALS: v.optional(v.string()),
  /** JetStream's API in our account, where that isn't `$JS.API`. */
  NATS_API_PREFIX: v.optional(v.string()),
};

const read = (variables: Readonly<Record<string, string | undefined>>) =>
  readVariables({ ...frontDoorVariables, ...brokerVariables, ...metricsVariables, ...tracingVariables }, variables);

export type NodeConfig = Extract<ReturnType<typeof read>, { ok: true }>["value"];
export type Environment = Readonly<Record<string, string | undefined>>;

export async function readNodeConfig(environment: Environment, localDirectory: string): Promise<Result<NodeConfig>> {
  const own = { localDirectory, cluster: "local", always: false };
  const config = read(await fillInFrontDoor(environment, own));
  return config.ok ? requireToken(config.value) : config;
}

/** Where `.local/` is, and a cluster of this machine. */
export interface Local {
  readonly localDirectory: string;
  readonly cluster: string;
}

/**
 * The front door's variables, with what `.local/` has: keys, the clusters that were added, credentials. Keys are made only on a
 * development machine: a front door that makes its own where others, or agents, have theirs could open nothing.
 *
 * @param always whether a cluster of this machine is wanted in any case: its agent is in the same process.
 */
export function fillInFrontDoor(
  environment: Environment,
  { localDirectory, cluster, always }: Local & { always: boolean },
): Promise<Environment> {
  const { NATS_URL: url } = environment;
  const make = always || (!environment["CLUSTERS"] && isOnThisMachine(url ?? ""));
  return fillIn(environment, {
    FRONT_DOOR_KEYS: () => readFrontDoorKeyText(localDirectory, { make }),
    CLUSTERS: () => readClusterList(localDirectory, { cluster, always, make }),
    NATS_CREDENTIALS: () => findBrokerCredentials(localDirectory, { user: "front-door", url }),
  });
}

/** The environment, with this machine's keys and one cluster of it where it has none. */
export function withLocalKeys(environment: Environment, { localDirectory, cluster }: Local): Promise<Environment> {
  return fillIn(environment, {
    FRONT_DOOR_KEYS: () => readFrontDoorKeyText(localDirectory, { make: true }),
    CLUSTERS: () => readOwnCluster(localDirectory, cluster),
  });
}

/** The environment, with defaults that are looked for only where it says nothing. An empty variable counts as left out. */
async function fillIn(
  environment: Environment,
  defaults: Readonly<Record<string, () => Promise<string | undefined>>>,
): Promise<Environment> {
  const filled: Record<string, string | undefined> = { ...environment };
  for (const [name, find] of Object.entries(defaults)) filled[name] ||= await find();
  return filled;
}
