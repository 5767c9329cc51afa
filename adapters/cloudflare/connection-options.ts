/** How a Worker reaches the broker: over WebSocket, with credentials from a secret. */
import { credsAuthenticator, type ConnectionOptions } from "@nats-io/nats-core";
import * as v from "valibot";
import { succeed, type Result } from "../../src/contract/result.ts";
import { readVariables } from "../../src/contract/variables.ts";

const variables = {
  NATS_URL: v.pipe(
    v.string("is missing: the broker's URL, such as wss://nats.example.com"),
    v.regex(/^wss?:\/\//, "must be ws:// or wss://: Workers reach brokers over WebSocket"),
  ),
  /** The text of a credentials file. Secret. */
  NATS_CREDENTIALS: v.optional(v.string()),
};

export function buildConnectionOptions(
  environment: Readonly<Record<string, string | undefined>>,
): Result<ConnectionOptions> {
  const config = readVariables(variables, environment);
  if (!config.ok) return config;
  const { NATS_URL, NATS_CREDENTIALS } = config.value;
  const authenticator =
    NATS_CREDENTIALS === undefined
      ? {}
      : { authenticator: credsAuthenticator(new TextEncoder().encode(NATS_CREDENTIALS)) };
  return succeed({
    servers: NATS_URL.split(","),
    name: "front-door",
    reconnectTimeWait: 250,
    maxReconnectAttempts: -1,
    ...authenticator,
  });
}
