/** The configuration of the front door on Node: variables from the environment, keys from `.local/` where it has none. */
import * as v from "valibot";
import { frontDoorVariables, getAuthentication, isLoopback } from "../../src/config.ts";
import { refuse, succeed, type Result } from "../../src/contract/result.ts";
import { readVariables } from "../../src/contract/variables.ts";
import { isOpen, type AuthenticationConfig } from "../../src/middleware/authenticate/config.ts";
import { readLocalVariables } from "./local-files.ts";

/** How programs on Node and Deno reach the broker. */
export const brokerVariables = {
  /** `nats://`, `tls://`, `ws://` or `wss://`; several servers with commas. */
  NATS_URL: v.string("is missing: the broker's URL, such as nats://127.0.0.1:4222"),
  /** A credentials file. */
  NATS_CREDENTIALS: v.optional(v.string()),
};

const read = (variables: Readonly<Record<string, string | undefined>>) =>
  readVariables({ ...frontDoorVariables, ...brokerVariables }, variables);

export type NodeConfig = Extract<ReturnType<typeof read>, { ok: true }>["value"];

export async function readNodeConfig(
  environment: Readonly<Record<string, string | undefined>>,
  localDirectory: string,
): Promise<Result<NodeConfig>> {
  const config = read(await withLocalKeys(environment, { localDirectory, cluster: "local" }));
  return config.ok ? requireToken(config.value) : config;
}

/** The environment, with the keys in `.local/` where it has none. An empty variable counts as left out. */
export async function withLocalKeys(
  environment: Readonly<Record<string, string | undefined>>,
  { localDirectory, cluster }: { localDirectory: string; cluster: string },
): Promise<Record<string, string | undefined>> {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ""));
  return { ...(await readLocalVariables(localDirectory, cluster)), ...given };
}

/** A server that others can reach, and that lets everybody in, would run anybody's containers. */
export function requireToken<C extends { HOST: string } & Parameters<typeof getAuthentication>[0]>(
  config: C,
): Result<C> {
  const authentication: AuthenticationConfig = getAuthentication(config);
  if (isLoopback(config.HOST) || !isOpen(authentication)) return succeed(config);
  return refuse(
    `HOST is ${config.HOST}, which others can reach: set TOKEN_HASHES to the SHA-256 of a token, or AUTHENTICATION`,
  );
}
