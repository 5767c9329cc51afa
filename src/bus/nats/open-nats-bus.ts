import type { NatsConnection } from "@nats-io/nats-core";
import type { Bucket } from "../../contract/streams.ts";
import type { Logger } from "../../log.ts";
import type { OpenedBus } from "../bus-holder.ts";
import { createNatsBus } from "./nats-bus.ts";

export interface OpenNatsBusOptions {
  readonly logger: Logger;
  /** How long any one operation may take, milliseconds; left out: the bus's own default. */
  readonly timeoutMilliseconds?: number;
  /** JetStream's API in our account; left out: `$JS.API`. */
  readonly apiPrefix?: string | undefined;
  /** Which bucket its records are; left out: the resources'. */
  readonly bucket?: Bucket | undefined;
}

/**
 * The bus over a connection that is its own from then on: closed with it, or at once where the server is too old, which
 * rejects.
 */
export async function openNatsBus(connection: NatsConnection, options: OpenNatsBusOptions): Promise<OpenedBus> {
  const { logger, timeoutMilliseconds, apiPrefix, bucket } = options;
  try {
    const bus = createNatsBus({
      connection,
      ownsConnection: true,
      report: createReport(logger),
      ...(timeoutMilliseconds === undefined ? {} : { timeoutMilliseconds }),
      ...(apiPrefix === undefined ? {} : { apiPrefix }),
      ...(bucket === undefined ? {} : { bucket }),
    });
    return { bus, lost: connection.closed() };
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/** Whoever waits for a broker that is away tries again and again: the log gets a line only when there is something new. */
function createReport(logger: Logger): (sentence: string, cause: unknown) => void {
  let told = "";
  return (sentence, cause) => {
    const line = `${sentence}: ${cause instanceof Error ? cause.message : ""}`;
    if (line === told) return;
    told = line;
    logger.warn(cause === undefined ? {} : { err: cause }, sentence);
  };
}
