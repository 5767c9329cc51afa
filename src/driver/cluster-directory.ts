/** Clusters from configuration: the ones there are, the names that lead to them, and the default one. */
import { refuse, succeed, type Result } from "../contract/result.ts";
import type { Cluster, Clusters } from "./clusters.ts";

export interface ClusterDirectoryOptions {
  readonly clusters: readonly Cluster[];
  /** Names in the orchestrator's words that lead to a cluster of ours, beside the clusters' own names. */
  readonly routes?: Readonly<Record<string, string>>;
  /** The cluster of requests that name none; without it, the only one. */
  readonly defaultCluster?: string | undefined;
  /** Where every other name leads; without it, such a request is refused. */
  readonly catchAll?: string | undefined;
}

export function createClusterDirectory({
  clusters,
  routes = {},
  defaultCluster,
  catchAll,
}: ClusterDirectoryOptions): Clusters {
  const byName = new Map(clusters.map((cluster) => [cluster.name, cluster]));
  const known = () => [...new Set([...byName.keys(), ...Object.keys(routes)])].sort().join(", ") || "none";
  const fallback = defaultCluster ?? (clusters.length === 1 ? clusters[0]?.name : undefined);

  function resolve(requested: string | undefined): Result<Cluster> {
    if (requested === undefined) {
      const cluster = byName.get(fallback ?? "");
      return cluster === undefined
        ? refuse(`driver.values.cluster is missing, and there is no default cluster; known: ${known()}`)
        : succeed(cluster);
    }
    const name = byName.has(requested) ? requested : Object.hasOwn(routes, requested) ? routes[requested] : catchAll;
    const cluster = byName.get(name ?? "");
    return cluster === undefined
      ? refuse(`driver.values.cluster names a cluster that is not known here; known: ${known()}`)
      : succeed(cluster);
  }

  return {
    names: [...byName.keys()],
    resolve: (requested) => Promise.resolve(resolve(requested)),
    find: (name) => Promise.resolve(byName.get(name)),
  };
}
