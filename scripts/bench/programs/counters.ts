/** What a program of the bench says of itself. */
import type { NatsConnection } from "@nats-io/nats-core";
import type { JsonObject } from "../../../src/contract/json.ts";

/** Since its start: CPU time, and messages that its connection has sent to the broker and received from it. */
export function readCounters(connection: NatsConnection): JsonObject {
  const { user, system } = process.cpuUsage();
  const { inMsgs, outMsgs } = connection.stats();
  return { cpuMilliseconds: (user + system) / 1000, sent: outMsgs, received: inMsgs };
}

/** Bytes, after garbage was collected; Node needs `--expose-gc`. */
export function readMemory(): JsonObject {
  for (let i = 0; i < 5; i++) globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  return { rss, heapUsed, external };
}
