/** The standalone server's configuration: that of the front door and that of the agent together. */
import * as v from "valibot";
import { agentVariables } from "../../k8s-agent/config.ts";
import { frontDoorVariables, getAuthentication, isLoopback } from "../../src/config.ts";
import { ClusterName } from "../../src/contract/names.ts";
import { refuse, succeed, type Result } from "../../src/contract/result.ts";
import { readVariables } from "../../src/contract/variables.ts";
import { isOpen } from "../../src/middleware/authenticate/config.ts";
import { readLocalVariables } from "../node/local-files.ts";

const read = (variables: Readonly<Record<string, string | undefined>>) =>
  readVariables({ ...frontDoorVariables, ...agentVariables }, variables);

export type StandaloneConfig = Extract<ReturnType<typeof read>, { ok: true }>["value"];

/** Reads environment variables; keys that are not among them come from `.local/`. */
export async function readStandaloneConfig(
  environment: NodeJS.ProcessEnv,
  localDirectory: string,
): Promise<Result<StandaloneConfig>> {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ""));
  // A name that is no cluster's must not become a path; what is wrong with it is said below.
  const cluster = v.safeParse(ClusterName, given["CLUSTER"] ?? "local");
  const local = await readLocalVariables(localDirectory, cluster.success ? cluster.output : "local");
  const config = read({ ...local, ...given });
  return config.ok ? requireCallersToken(config.value) : config;
}

/** A server that others can reach, and that lets everybody in, would run anybody's containers. */
function requireCallersToken(config: StandaloneConfig): Result<StandaloneConfig> {
  if (isLoopback(config.HOST) || !isOpen(getAuthentication(config))) return succeed(config);
  return refuse(
    `HOST is ${config.HOST}, which others can reach: set TOKEN_HASHES to the SHA-256 of a token, or AUTHENTICATION`,
  );
}
