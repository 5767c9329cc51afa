import { Registry } from "prom-client";
import { expect, test } from "vitest";
import type { ClusterFeed } from "../kubernetes/api/cluster-feed.ts";
import { createKubernetesMetrics } from "./kubernetes-metrics.ts";

test("calls are read when somebody asks, by verb and resource", async () => {
  const registry = new Registry();
  const calls = new Map([["create secrets", 1]]);
  createKubernetesMetrics(registry).watchCalls(calls);
  calls.set("create secrets", 2).set("get pods/log", 5);
  const read = async () =>
    (await registry.metrics()).split("\n").filter((line) => line.startsWith("container_driver_kubernetes_api_calls"));
  const expected = [
    'container_driver_kubernetes_api_calls_total{verb="create",resource="secrets"} 2',
    'container_driver_kubernetes_api_calls_total{verb="get",resource="pods/log"} 5',
  ];
  expect(await read()).toEqual(expected);
  expect(await read()).toEqual(expected);
});

test("of watches and lists, those after the first of each namespace count", async () => {
  const registry = new Registry();
  const asked: string[] = [];
  const feed: ClusterFeed = {
    async *listPages({ namespace }) {
      asked.push(`list ${namespace}`);
      yield* [];
    },
    async *watchObjects({ namespace }) {
      asked.push(`watch ${namespace}`);
      yield* [];
    },
  };
  const measured = createKubernetesMetrics(registry).measureFeed(feed);
  const { signal } = new AbortController();
  for (const namespace of ["a", "b", "a"]) {
    const query = { namespace, collection: "pods" } as const;
    for await (const _ of measured.listPages(query, signal)) throw new Error("there are no pages");
    for await (const _ of measured.watchObjects({ ...query, resourceVersion: "1" }, signal))
      throw new Error("no change");
  }
  await measured.watchObjects({ namespace: "b", collection: "pods", resourceVersion: "2" }, signal).next();
  expect(asked).toEqual(["list a", "watch a", "list b", "watch b", "list a", "watch a", "watch b"]);
  const text = await registry.metrics();
  expect(text).toContain('container_driver_kubernetes_relists_total{resource="pods"} 1\n');
  expect(text).toContain('container_driver_kubernetes_watch_restarts_total{resource="pods"} 2\n');
});
