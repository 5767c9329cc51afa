/** The front door's configuration: environment variables, the same on every runtime. */
import * as v from "valibot";
import { limits } from "./contract/limits.ts";
import { isLoopback } from "./contract/loopback.ts";
import { ClusterName } from "./contract/names.ts";
import { mapOf } from "./contract/objects.ts";
import { refuse, succeed, type Result } from "./contract/result.ts";
import { jsonText, readVariables, wholeNumber } from "./contract/variables.ts";
import { AuthenticationConfig, isOpen } from "./middleware/authenticate/config.ts";
import { ClusterPublicJwk, FrontDoorKeyFile } from "./sealing/key-files.ts";

/** A cluster as the front door knows it: its public key is pinned here, as the broker is not trusted. */
const ConfiguredCluster = v.strictObject({
  key: ClusterPublicJwk,
  /** Names in the orchestrator's words that lead here, beside the cluster's own. */
  routes: v.optional(v.array(v.string())),
});

/** `name=<sha256>` or a bare hash, separated by commas. */
const TokenHashes = v.pipe(
  v.string(),
  v.regex(
    /^([\w.-]{1,64}=)?[0-9a-f]{64}(,([\w.-]{1,64}=)?[0-9a-f]{64})*$/i,
    "must be SHA-256 hashes in hex, separated by commas, each with an optional name= before it",
  ),
  v.transform((text) => text.split(",").map(toToken)),
);

function toToken(text: string, index: number): { name: string; sha256: string } {
  const [first = "", second] = text.split("=", 2);
  return second === undefined
    ? { name: `token-${index + 1}`, sha256: first.toLowerCase() }
    : { name: first, sha256: second.toLowerCase() };
}

const logLevels = ["debug", "info", "warn", "error", "silent"] as const;

/** Environment variables of the front door. An empty one counts as left out. */
export const frontDoorVariables = {
  /** Where to listen, on runtimes where a program does. */
  PORT: v.optional(wholeNumber(0, 65_535), "8787"),
  HOST: v.optional(v.string(), "127.0.0.1"),
  /** The front door's own keys: a key file as JSON. Secret. */
  FRONT_DOOR_KEYS: v.pipe(
    jsonText(FrontDoorKeyFile),
    v.description("the front-door.json that all front doors share, made by cluster:add"),
  ),
  /** The clusters that there are, by name: `{"prod": {"key": {…}, "routes": ["my-gke-cluster"]}}`. */
  CLUSTERS: v.pipe(
    jsonText(mapOf(ClusterName, ConfiguredCluster)),
    v.description("the clusters.json that cluster:add writes"),
  ),
  /** The cluster of requests that name none; without it, the only one there is. */
  DEFAULT_CLUSTER: v.optional(ClusterName),
  /** Callers' tokens, as SHA-256 hashes. */
  TOKEN_HASHES: v.optional(TokenHashes),
  /** JWTs and the orchestrator's tokens: see docs/configuration.md. */
  AUTHENTICATION: v.optional(jsonText(AuthenticationConfig)),
  /** What a request without `Prefer: wait` waits for its run, seconds. */
  WAIT_SECONDS: v.optional(wholeNumber(0, limits.waitSeconds), "0"),
  /** Of our own log. */
  LOG_LEVEL: v.optional(v.picklist(logLevels, `must be one of ${logLevels.join(", ")}`), "info"),
};

export type FrontDoorConfig = Extract<ReturnType<typeof readFrontDoorConfig>, { ok: true }>["value"];

export function readFrontDoorConfig(variables: Readonly<Record<string, string | undefined>>) {
  return readVariables(frontDoorVariables, variables);
}

/** What is configured about callers, both ways of saying it together. */
export function getAuthentication({
  TOKEN_HASHES,
  AUTHENTICATION,
}: Pick<FrontDoorConfig, "TOKEN_HASHES" | "AUTHENTICATION">): AuthenticationConfig {
  const tokens = [...(AUTHENTICATION?.tokens ?? []), ...(TOKEN_HASHES ?? [])];
  return { ...AUTHENTICATION, ...(tokens.length === 0 ? {} : { tokens }) };
}

/** A server that others can reach, and that lets everybody in, would run anybody's containers. */
export function requireToken<C extends Pick<FrontDoorConfig, "HOST" | "TOKEN_HASHES" | "AUTHENTICATION">>(
  config: C,
): Result<C> {
  if (isLoopback(config.HOST) || !isOpen(getAuthentication(config))) return succeed(config);
  return refuse(
    `HOST is ${config.HOST}, which others can reach: set TOKEN_HASHES to the SHA-256 of a token, or AUTHENTICATION`,
  );
}
