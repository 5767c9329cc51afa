/** What the agent asks of the Kubernetes API. */
import { Counter, type Registry } from "prom-client";
import type { ClusterFeed, ObjectQuery } from "../kubernetes/api/cluster-feed.ts";

export interface KubernetesMetrics {
  /** Counts the API's `calls`, such as `create secrets`, from now on. */
  watchCalls(calls: ReadonlyMap<string, number>): void;
  /** The same feed, its watches and lists counted. */
  measureFeed(feed: ClusterFeed): ClusterFeed;
}

export function createKubernetesMetrics(registry: Registry): KubernetesMetrics {
  const registers = [registry];
  const restarts = new Counter({
    name: "container_driver_kubernetes_watch_restarts_total",
    help: "Watches that ended and were opened again, which servers make normal every few minutes.",
    labelNames: ["resource"],
    registers,
  });
  const relists = new Counter({
    name: "container_driver_kubernetes_relists_total",
    help: "Lists after the first: a watch could not be resumed where it was.",
    labelNames: ["resource"],
    registers,
  });
  return {
    watchCalls: (calls) => void createCallCounter(registry, calls),
    measureFeed(feed) {
      const count = { watches: createRepeats(restarts), lists: createRepeats(relists) };
      return {
        listPages(query, signal) {
          count.lists(query);
          return feed.listPages(query, signal);
        },
        watchObjects(query, signal) {
          count.watches(query);
          return feed.watchObjects(query, signal);
        },
      };
    },
  };
}

/** Read when somebody asks. */
function createCallCounter(registry: Registry, calls: ReadonlyMap<string, number>) {
  return new Counter({
    name: "container_driver_kubernetes_api_calls_total",
    help: "Requests to the Kubernetes API, each attempt; log streams and watches once, when they are opened.",
    labelNames: ["verb", "resource"],
    registers: [registry],
    collect() {
      this.reset();
      for (const [call, count] of calls) {
        const [verb = "", resource = ""] = call.split(" ", 2);
        this.inc({ verb, resource }, count);
      }
    },
  });
}

/** Counts every time but the first of each namespace and collection. */
function createRepeats(counter: Counter<"resource">): (query: ObjectQuery) => void {
  const known = new Set<string>();
  return ({ namespace, collection }) => {
    const key = `${namespace}/${collection}`;
    counter.inc({ resource: collection }, known.has(key) ? 1 : 0);
    known.add(key);
  };
}
