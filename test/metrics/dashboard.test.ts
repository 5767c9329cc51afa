/** What asks for metrics asks for some that there are, by labels that they have: the dashboard, and the documentation. */
import { readFile } from "node:fs/promises";
import type { Registry } from "prom-client";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { createBrokerMetrics } from "../../adapters/node/metrics/broker-metrics.ts";
import { createFrontDoorMetrics } from "../../adapters/node/metrics/front-door-metrics.ts";
import { createRegistry } from "../../adapters/node/metrics/registry.ts";
import { createWebhooksMetrics } from "../../adapters/webhooks/metrics/webhooks-metrics.ts";
import { createAgentMetrics } from "../../k8s-agent/metrics/agent-metrics.ts";
import { createKubernetesMetrics } from "../../k8s-agent/metrics/kubernetes-metrics.ts";
import { parseJson } from "../../src/contract/json.ts";

const read = (path: string) => readFile(new URL(`../../${path}`, import.meta.url), "utf8");

interface Kind {
  readonly name: string;
  readonly labels: readonly string[];
}

/** Every name that a query may use. */
async function listKinds(): Promise<ReadonlyMap<string, Kind>> {
  const registry = createRegistry({ program: "agent", version: "1" });
  createAgentMetrics(registry, { capacity: 1 });
  createKubernetesMetrics(registry).watchCalls(new Map());
  createFrontDoorMetrics(registry);
  createBrokerMetrics(registry);
  createWebhooksMetrics(registry, { subscriptions: [], now: () => new Date() });
  return new Map(registry.getMetricsAsArray().flatMap((metric) => listNames(metric)));
}

function listNames(metric: ReturnType<Registry["getMetricsAsArray"]>[number]): [string, Kind][] {
  const { name } = metric;
  const own = "labelNames" in metric && Array.isArray(metric.labelNames) ? metric.labelNames.map(String) : [];
  const labels = [...own, "job", "instance"];
  // A counter's type is told by its name, by convention; that of a histogram by its buckets.
  if (!("buckets" in metric)) return [[name, { name, labels }]];
  return ["_bucket", "_count", "_sum"].map((end) => [name + end, { name, labels: [...labels, "le"] }]);
}

/** The metrics of a query, and every label that it selects or groups by. */
function takeApart(query: string): { names: string[]; labels: string[] } {
  const names = [...query.matchAll(/\b(?:container_driver|process|nodejs)_\w+/g)].map(([name]) => name);
  const grouped = [...query.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list = ""]) => list.split(/,\s*/));
  const selected = [...query.matchAll(/[{,]\s*(\w+)\s*[=!]~?"/g)].map(([, label = ""]) => label);
  return { names, labels: [...grouped, ...selected] };
}

function findMistakes(queries: readonly string[], kinds: ReadonlyMap<string, Kind>): string[] {
  return queries.flatMap((query) => {
    const { names, labels } = takeApart(query);
    if (names.length === 0) return [`asks for nothing: ${query}`];
    return names.flatMap((name) => {
      const kind = kinds.get(name);
      if (kind === undefined) return [`there is no ${name}`];
      return labels.filter((label) => !kind.labels.includes(label)).map((label) => `${name} has no label ${label}`);
    });
  });
}

async function readDashboard(): Promise<{ queries: string[]; legends: string[] }> {
  const dashboard = parseJson(await read("k8s-agent/deploy/grafana/dashboard.json"), 20);
  if (!dashboard.ok) throw new Error(`Cannot read the dashboard: ${dashboard.problem}`);
  const { panels } = dashboard.value as { panels: { targets?: { expr: string; legendFormat: string }[] }[] };
  const targets = panels.flatMap(({ targets = [] }) => targets);
  return {
    queries: targets.map(({ expr }) => expr),
    legends: targets.map(({ expr, legendFormat }) => expr + legendFormat),
  };
}

test("the dashboard asks for metrics that there are, by their labels", async () => {
  const { queries } = await readDashboard();
  expect(queries.length).toBeGreaterThan(30);
  expect(findMistakes(queries, await listKinds())).toEqual([]);
});

test("its legends name labels that are left", async () => {
  const { legends } = await readDashboard();
  const lost = legends.filter((text) => {
    const { labels } = takeApart(text);
    const shown = [...text.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = ""]) => label);
    return shown.some((label) => label !== "instance" && !labels.includes(label));
  });
  expect(lost).toEqual([]);
});

test("it shows every metric of ours but the one that says less than another", async () => {
  const shown = new Set((await readDashboard()).queries.flatMap((query) => takeApart(query).names));
  const all = [...(await listKinds())].filter(([name]) => name.startsWith("container_driver_"));
  const missing = new Set(all.map(([, { name }]) => name));
  for (const [name, kind] of all) if (shown.has(name)) missing.delete(kind.name);
  expect([...missing]).toEqual(["container_driver_log_chunks_total"]);
});

test("docs/metrics.md has every metric of ours with its labels, and no other; its alerts ask for what there is", async () => {
  const text = await read("docs/metrics.md");
  const kinds = await listKinds();
  const rows = [...text.matchAll(/^\| `(container_driver_\w+)`\s*\|([^|]*)\|/gm)].map(([, name = "", labels = ""]) =>
    `${name} ${[...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label).join(" ")}`.trim(),
  );
  const ours = [...kinds.values()].filter(({ name }) => name.startsWith("container_driver_"));
  const common = ["job", "instance", "le"];
  const told = new Set(
    ours.map(({ name, labels }) => [name, ...labels.filter((label) => !common.includes(label))].join(" ")),
  );
  told.delete("container_driver_build_info program version");
  expect(rows.sort()).toEqual([...told].sort());
  const blocks = [...text.matchAll(/```yaml\n(groups:[\s\S]*?)```/g)].map(([, block = ""]) => block);
  const rules = blocks.flatMap((block) => (parse(block) as { groups: { rules: { expr: string }[] }[] }).groups);
  const queries = rules.flatMap(({ rules }) => rules.map(({ expr }) => expr));
  expect(queries).toHaveLength(8);
  expect(findMistakes(queries, kinds)).toEqual([]);
});

test("a query for what there isn't is found", async () => {
  const kinds = await listKinds();
  const queries = [
    'sum by (route) (rate(container_driver_runs_ended_total{job=~"$job", why="x"}[5m]))',
    "container_driver_run_duration_seconds",
    "up",
  ];
  expect(findMistakes(queries, kinds)).toEqual([
    "container_driver_runs_ended_total has no label route",
    "container_driver_runs_ended_total has no label why",
    "there is no container_driver_run_duration_seconds",
    "asks for nothing: up",
  ]);
});
