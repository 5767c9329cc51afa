/** The configuration of the program that delivers webhooks. */
import * as v from "valibot";
import { frontDoorVariables } from "../../src/config.ts";
import { ClusterName } from "../../src/contract/names.ts";
import type { Result } from "../../src/contract/result.ts";
import { jsonText, readVariables } from "../../src/contract/variables.ts";
import { mapOf } from "../../src/contract/objects.ts";
import { Subscriptions } from "../../src/webhooks/subscription.ts";
import { metricsVariables } from "../node/metrics/config.ts";
import { brokerVariables, fillInFrontDoor, type Environment } from "../node/config.ts";

export const webhookVariables = {
  /** Who is told of what, by name. Secret: see docs/webhooks.md. */
  WEBHOOKS: v.pipe(jsonText(Subscriptions), v.description("who is told of what, as JSON: see docs/webhooks.md")),
};

const read = (variables: Environment) =>
  readVariables(
    {
      ...webhookVariables,
      ...brokerVariables,
      ...metricsVariables,
      // As the front door has it; here only the names count.
      CLUSTERS: jsonText(mapOf(ClusterName, v.unknown())),
      LOG_LEVEL: frontDoorVariables.LOG_LEVEL,
    },
    variables,
  );

export type WebhooksConfig = Extract<ReturnType<typeof read>, { ok: true }>["value"];

export async function readWebhooksConfig(
  environment: Environment,
  localDirectory: string,
): Promise<Result<WebhooksConfig>> {
  return read(await fillInFrontDoor(environment, { localDirectory, cluster: "local", always: false }));
}
