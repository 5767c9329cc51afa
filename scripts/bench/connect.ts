import { connect, type NatsConnection } from "@nats-io/transport-node";

/** A connection as our programs open them; for what they are compared with, too. */
export function connectTo(servers: string): Promise<NatsConnection> {
  return connect({ servers, noAsyncTraces: true });
}
