/** A Worker's configuration: the front door's, and how it reaches the broker. All of it comes from variables and secrets. */
import { credsAuthenticator, type ConnectionOptions } from "@nats-io/nats-core";
import * as v from "valibot";
import { readServers } from "../../src/bus/nats/servers.ts";
import { frontDoorVariables, requireToken } from "../../src/config.ts";
import { refuse, succeed, type Result } from "../../src/contract/result.ts";
import { readVariables, wholeNumber } from "../../src/contract/variables.ts";

/** Text bindings of the Worker. */
export const workerVariables = {
  ...frontDoorVariables,
  /** A Worker doesn't listen, and everybody can reach it, unless somebody says that it runs on loopback. */
  HOST: v.optional(v.string(), "the Internet"),
  NATS_URL: v.pipe(v.string(), v.description("the broker's URL, such as wss://nats.example.com")),
  /** The text of a credentials file. Secret. */
  NATS_CREDENTIALS: v.optional(v.string()),
  /** JetStream's API in our account, where that isn't `$JS.API`. */
  NATS_API_PREFIX: v.optional(v.string()),
  /** After so long without a request the connection to the broker is closed: an open one is billed. */
  IDLE_SECONDS: v.optional(wholeNumber(1, 3600), "30"),
};

const read = (bindings: Readonly<Record<string, string | undefined>>) => readVariables(workerVariables, bindings);

export type WorkerConfig = Extract<ReturnType<typeof read>, { ok: true }>["value"] & {
  readonly connection: ConnectionOptions;
};

/** Reads a Worker's bindings: those that are text. */
export function readWorkerConfig(bindings: Readonly<Record<string, unknown>>): Result<WorkerConfig> {
  const text = Object.entries(bindings).filter((entry): entry is [string, string] => typeof entry[1] === "string");
  const config = read(Object.fromEntries(text));
  if (!config.ok) return config;
  const guarded = requireToken(config.value);
  if (!guarded.ok) return guarded;
  const connection = buildConnectionOptions(config.value);
  return connection.ok ? succeed({ ...config.value, connection: connection.value }) : connection;
}

function buildConnectionOptions({
  NATS_URL,
  NATS_CREDENTIALS,
}: Pick<WorkerConfig, "NATS_URL" | "NATS_CREDENTIALS">): Result<ConnectionOptions> {
  const read = readServers(NATS_URL);
  if (!read.ok) return refuse(`NATS_URL can't be used: ${read.problem}`);
  const { servers, settings, webSocket } = read.value;
  if (!webSocket) return refuse("NATS_URL must be ws:// or wss://: Workers reach brokers over WebSocket");
  const credentials = new TextEncoder().encode(NATS_CREDENTIALS);
  const authenticator = NATS_CREDENTIALS === undefined ? {} : { authenticator: credsAuthenticator(credentials) };
  return succeed({
    ...settings,
    ...authenticator,
    servers,
    name: "front-door",
    // Of one attempt to connect: whoever calls meanwhile is told sooner that the broker is away.
    timeout: 2000,
    reconnectTimeWait: 250,
    maxReconnectAttempts: -1,
    ignoreAuthErrorAbort: true,
    ignoreClusterUpdates: true,
    pingInterval: 20_000,
  });
}
