/**
 * A connection to the broker: over TCP (`nats://`, `tls://`) or, through firewalls that let out 443 alone, over WebSocket
 * (`ws://`, `wss://`). Once made it is kept for good: a broker that goes away is waited for.
 */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import {
  credsAuthenticator,
  errors,
  wsconnect,
  type Authenticator,
  type ConnectionOptions,
  type NatsConnection,
} from "@nats-io/nats-core";
import { connect } from "@nats-io/transport-node";
import { readServers } from "../../src/bus/nats/servers.ts";
import type { Logger } from "../../src/log.ts";
import { logStatus } from "./nats-status.ts";

export interface NatsConnectionOptions {
  /** `nats://`, `tls://`, `ws://` or `wss://`; several servers of the same kind with commas. */
  readonly url: string;
  /** Read again for each connection, so that renewed credentials are used without a restart. */
  readonly credentialsFile?: string | undefined;
  /** What the broker calls us, for its operators. */
  readonly name: string;
  readonly logger: Logger;
  /** How long to try for the first connection, milliseconds; left out: until there is one. For programs that people wait for. */
  readonly patienceMilliseconds?: number;
  /** Gives up trying for the first connection. */
  readonly signal?: AbortSignal;
}

const retryMilliseconds = 250;
const attemptMilliseconds = 2000;

/** Connects, or throws the reason for which it can't. */
export async function connectNats(options: NatsConnectionOptions): Promise<NatsConnection> {
  const { url, logger, patienceMilliseconds = Infinity, signal } = options;
  const read = readServers(url);
  if (!read.ok) throw new Error(`Cannot use NATS_URL: ${read.problem}`);
  const { servers, webSocket, settings } = read.value;
  const dial = webSocket ? wsconnect : connect;
  const connectionOptions = { ...settings, ...buildOptions(options), servers };
  const deadline = performance.now() + patienceMilliseconds;
  let told = "";
  for (;;) {
    const left = deadline - performance.now();
    try {
      const connection = await dial({
        ...connectionOptions,
        timeout: Math.max(1, Math.min(attemptMilliseconds, left)),
      });
      logger.debug({ server: connection.getServer() }, "Connected to the broker");
      void logStatus(connection, logger);
      return connection;
    } catch (error) {
      // The last attempt may have been cut short: what the one before it came to says more.
      const reason = error instanceof errors.TimeoutError && told !== "" ? told : describe(error);
      if (performance.now() + retryMilliseconds >= deadline)
        throw new Error(`Cannot reach the broker at ${servers.join(",")}: ${reason}`, { cause: error });
      // Not four times a second, but when there is something new to say.
      if (reason !== told) logger.warn({ servers, reason }, "Cannot reach the broker; trying on");
      told = reason;
    }
    await sleep(retryMilliseconds, undefined, { signal });
  }
}

function buildOptions({ credentialsFile, name }: NatsConnectionOptions): ConnectionOptions {
  return {
    name,
    reconnectTimeWait: retryMilliseconds,
    maxReconnectAttempts: -1,
    // Credentials that are refused today may be renewed tomorrow.
    ignoreAuthErrorAbort: true,
    // Where the broker is, and who is shown our credentials, is said by the configuration alone, not by the network.
    ignoreClusterUpdates: true,
    // A path that swallows packets is found dead after a minute, not after six.
    pingInterval: 20_000,
    // Each request would make two errors in advance, just for their stacks; ours say what was being done.
    noAsyncTraces: true,
    ...(credentialsFile === undefined ? {} : { authenticator: createAuthenticator(credentialsFile) }),
  };
}

/**
 * Reads the file at each connection. An error in here would end the connection for good: while the file is gone or
 * half-written, what it held before serves.
 */
function createAuthenticator(file: string): Authenticator {
  const read = (nonce?: string) => {
    const text = readFileSync(file);
    return { text, answer: credsAuthenticator(text)(nonce) };
  };
  let last: Uint8Array;
  try {
    last = read().text;
  } catch (cause) {
    throw new Error(`Cannot use the credentials file ${file}: ${describe(cause)}`, { cause });
  }
  return (nonce) => {
    try {
      const { text, answer } = read(nonce);
      last = text;
      return answer;
    } catch {
      // The broker says what is wrong with the ones that we have.
      return credsAuthenticator(last)(nonce);
    }
  };
}

function describe(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  // A WebSocket keeps its reasons to itself.
  return message === "" || message === "undefined"
    ? "it does not answer, or its certificate is not trusted here"
    : message;
}
