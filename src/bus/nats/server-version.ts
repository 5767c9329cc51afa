import type { NatsConnection } from "@nats-io/nats-core";

/** `republish` and direct reads came with it. */
const oldest = { major: 2, minor: 9 };

/** Throws where the server is older than what the bus needs. */
export function checkServer(connection: NatsConnection): void {
  const version = connection.info?.version;
  if (version === undefined || isAtLeast(version, oldest)) return;
  throw new Error(`Cannot use nats-server ${version}: ${oldest.major}.${oldest.minor} or newer is needed`);
}

/**
 * Throws where streams can't have so many replicas: up to 2.9 a replicated stream checks the expected sequence before it
 * has agreed on an order, so that of many writers at once many are taken, and a resource would have many runs.
 */
export function checkReplicas(connection: NatsConnection, replicas = 1): void {
  const version = connection.info?.version ?? "0";
  if (replicas === 1 || isAtLeast(version, { major: 2, minor: 10 })) return;
  throw new Error(
    `Cannot use ${replicas} replicas on nats-server ${version}: with them it takes writers who exclude each other. 2.10 is needed`,
  );
}

/** Can the server let single messages expire, and answer direct reads in batches? Unknown counts as no. */
export function isModern(connection: NatsConnection): boolean {
  return isAtLeast(connection.info?.version ?? "0", { major: 2, minor: 11 });
}

function isAtLeast(version: string, least: { major: number; minor: number }): boolean {
  const [major = 0, minor = 0] = version.split(".").map((part) => Number.parseInt(part, 10));
  return major > least.major || (major === least.major && minor >= least.minor);
}
