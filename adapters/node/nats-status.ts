/** What happens to a connection to the broker, as lines of our log. */
import type { NatsConnection } from "@nats-io/nats-core";
import type { Logger } from "../../src/log.ts";

/** Logs until the connection is closed. */
export async function logStatus(connection: NatsConnection, logger: Logger): Promise<void> {
  for await (const status of connection.status()) {
    switch (status.type) {
      case "disconnect":
        logger.warn({ server: status.server }, "Lost the connection to the broker; trying to get it back");
        break;
      case "reconnect":
        logger.info({ server: status.server }, "Connected to the broker again");
        break;
      case "error":
        logger.warn({ err: status.error }, "The broker reports an error");
        break;
      case "staleConnection":
        logger.warn({}, "The broker has stopped answering");
        break;
      case "slowConsumer":
        logger.warn({ pending: status.pending }, "Messages come in faster than they are handled");
        break;
      case "close":
      case "forceReconnect":
      case "ldm":
      case "ping":
      case "reconnecting":
      case "update":
        break;
    }
  }
}
