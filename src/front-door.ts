/** The front door from its configuration: what every adapter starts, given a bus. */
import { createApp, type FrontDoorObserver } from "./app.ts";
import type { Bus } from "./bus/port.ts";
import { containerDriver } from "./catalog/container/container.ts";
import { createCatalog } from "./catalog/driver.ts";
import { getAuthentication, type FrontDoorConfig } from "./config.ts";
import { refuse, succeed, type Result } from "./contract/result.ts";
import { createClusterDirectory } from "./driver/cluster-directory.ts";
import type { Cluster } from "./driver/clusters.ts";
import type { Logger } from "./log.ts";
import { createGates } from "./middleware/authenticate/gates.ts";
import type { Tracer } from "./tracer.ts";
import { importClusterPublicKey, importFrontDoorKeys } from "./sealing/keys.ts";

export interface FrontDoorOptions {
  readonly config: FrontDoorConfig;
  readonly bus: Bus;
  readonly logger: Logger;
  readonly now: () => Date;
  readonly version: string;
  /** The cluster that names without a route lead to; without it, such a request is refused. */
  readonly catchAll?: string | undefined;
  readonly observer?: FrontDoorObserver | undefined;
  readonly tracer?: Tracer | undefined;
}

/** Builds the app, or says which part of the configuration can't be used. */
export async function createFrontDoor(options: FrontDoorOptions): Promise<Result<ReturnType<typeof createApp>>> {
  const { config, bus, logger, now, version } = options;
  const keys = await importFrontDoorKeys(config.FRONT_DOOR_KEYS);
  if (!keys.ok) return keys;
  const clusters = await importClusters(config);
  if (!clusters.ok) return clusters;
  const names = checkNames(config);
  if (!names.ok) return names;
  const gates = await createGates(getAuthentication(config), { logger, now, keys: keys.value });
  if (!gates.ok) return gates;
  const directory = createClusterDirectory({
    clusters: clusters.value,
    routes: collectRoutes(config),
    defaultCluster: config.DEFAULT_CLUSTER,
    catchAll: options.catchAll,
  });
  const app = createApp({
    bus,
    catalog: createCatalog([containerDriver]),
    clusters: directory,
    keys: keys.value,
    ...gates.value,
    logger,
    now,
    version,
    defaultWaitSeconds: config.WAIT_SECONDS,
    observer: options.observer,
    tracer: options.tracer,
  });
  return succeed(app);
}

/** A name that leads nowhere, or to two places, would be found out only by the first request. */
function checkNames({ CLUSTERS, DEFAULT_CLUSTER: wanted }: FrontDoorConfig): Result<undefined> {
  const known = Object.keys(CLUSTERS);
  if (wanted !== undefined && !known.includes(wanted))
    return refuse(`DEFAULT_CLUSTER is ${wanted}, which CLUSTERS doesn't have; it has ${known.join(", ") || "none"}`);
  const leads = new Map<string, string>();
  for (const [name, { routes = [] }] of Object.entries(CLUSTERS))
    for (const route of routes) {
      const other = leads.get(route) ?? (known.includes(route) ? route : name);
      if (other !== name)
        return refuse(`CLUSTERS has the route ${JSON.stringify(route)} of ${name}, which leads to ${other} as well`);
      leads.set(route, name);
    }
  return succeed(undefined);
}

async function importClusters({ CLUSTERS }: FrontDoorConfig): Promise<Result<Cluster[]>> {
  const clusters: Cluster[] = [];
  for (const [name, { key }] of Object.entries(CLUSTERS)) {
    const imported = await importClusterPublicKey(key);
    if (!imported.ok) return imported;
    clusters.push({ name, key: imported.value });
  }
  return succeed(clusters);
}

function collectRoutes({ CLUSTERS }: FrontDoorConfig): Record<string, string> {
  return Object.fromEntries(
    Object.entries(CLUSTERS).flatMap(([name, { routes = [] }]) => routes.map((route) => [route, name])),
  );
}
