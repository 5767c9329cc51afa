/** The standalone server's configuration: that of the front door and that of the agent together. */
import { agentVariables } from "../../k8s-agent/config.ts";
import { frontDoorVariables } from "../../src/config.ts";
import { readVariables } from "../../src/contract/variables.ts";

const variables = { ...frontDoorVariables, ...agentVariables };

export type StandaloneConfig = Extract<ReturnType<typeof readStandaloneConfig>, { ok: true }>["value"];

export function readStandaloneConfig(environment: NodeJS.ProcessEnv) {
  return readVariables(variables, environment);
}
