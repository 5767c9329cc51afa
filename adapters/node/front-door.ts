/** The front door over NATS, as Node and Deno have it in common. */
import type { Hono } from "hono";
import { createLazyBus } from "../../src/bus/lazy-bus.ts";
import { openNatsBus } from "../../src/bus/nats/open-nats-bus.ts";
import type { Bus } from "../../src/bus/port.ts";
import type { Bucket } from "../../src/contract/streams.ts";
import { createFrontDoor } from "../../src/front-door.ts";
import type { Logger } from "../../src/log.ts";
import type { NodeConfig } from "./config.ts";
import type { BrokerMetrics } from "./metrics/broker-metrics.ts";
import type { FrontDoorMetrics } from "./metrics/open-metrics.ts";
import type { Tracer } from "../../src/tracer.ts";
import { connectNats } from "./nats-connection.ts";
import { demand } from "./run.ts";
import { version } from "./version.ts";

/** Whoever calls while the broker is away is told so within a second: less is left for the broker. */
const patienceMilliseconds = 700;

export interface BusSettings {
  readonly metrics?: BrokerMetrics | undefined;
  /** What the broker calls us. */
  readonly name?: string;
  /** Which bucket its records are; left out: the resources'. */
  readonly bucket?: Bucket;
}

/** The bus of a front door: opened when it is first needed, kept for good. */
export function createFrontDoorBus(
  config: Pick<NodeConfig, "NATS_URL" | "NATS_CREDENTIALS" | "NATS_API_PREFIX">,
  logger: Logger,
  { metrics, name = "front-door", bucket }: BusSettings = {},
): Bus {
  const { NATS_URL: url, NATS_CREDENTIALS: credentialsFile, NATS_API_PREFIX: apiPrefix } = config;
  const bus = createLazyBus({
    patienceMilliseconds,
    async open(signal) {
      const connection = await connectNats({ url, credentialsFile, name, logger, signal });
      metrics?.watchConnection(connection);
      return openNatsBus(connection, { logger, apiPrefix, bucket, timeoutMilliseconds: patienceMilliseconds });
    },
  });
  return metrics?.measure(bus) ?? bus;
}

/** The app and its bus, which is to be closed after it. Throws what is wrong with the configuration. */
export async function openFrontDoor(
  config: NodeConfig,
  logger: Logger,
  { metrics, tracer }: { metrics?: FrontDoorMetrics | undefined; tracer?: Tracer | undefined } = {},
): Promise<{ app: Pick<Hono, "fetch">; bus: Bus }> {
  const bus = createFrontDoorBus(config, logger, { metrics: metrics?.broker });
  const observer = metrics?.frontDoor;
  const app = demand(await createFrontDoor({ config, bus, logger, now: () => new Date(), version, observer, tracer }));
  return { app, bus };
}
