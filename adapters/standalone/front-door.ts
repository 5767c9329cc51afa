/** The front door as the standalone server has it: over any bus, for the one cluster that is here. */
import type { Hono } from "hono";
import { createApp } from "../../src/app.ts";
import type { Bus } from "../../src/bus/port.ts";
import { containerDriver } from "../../src/catalog/container/container.ts";
import { createCatalog } from "../../src/catalog/driver.ts";
import { createClusterDirectory } from "../../src/driver/cluster-directory.ts";
import type { Logger } from "../../src/log.ts";
import { createAuthentication } from "../node/authentication.ts";
import type { LocalKeys } from "../node/local-files.ts";
import { version } from "../node/version.ts";
import type { StandaloneConfig } from "./config.ts";

export interface FrontDoorOptions {
  readonly config: StandaloneConfig;
  readonly bus: Bus;
  readonly keys: LocalKeys;
  readonly logger: Logger;
  readonly now: () => Date;
}

export function createFrontDoor({ config, bus, keys, logger, now }: FrontDoorOptions): Pick<Hono, "fetch"> {
  const cluster = config.CLUSTER;
  return createApp({
    bus,
    catalog: createCatalog([containerDriver]),
    // Public definitions name clusters of their own: all of them lead to the one that is here.
    clusters: createClusterDirectory({ clusters: [{ name: cluster, key: keys.cluster }], catchAll: cluster }),
    keys: keys.frontDoor,
    authenticate: createAuthentication(config, { logger, now }),
    logger,
    now,
    version,
    defaultWaitSeconds: config.WAIT_SECONDS,
  });
}
