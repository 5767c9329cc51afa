/** `npm run bench`: what our way costs beside what nobody could leave out, as ratios measured in one run. */
import { readFile, writeFile } from "node:fs/promises";
import { loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { runScript } from "../run-script.ts";
import { describeMachine } from "./machine.ts";
import { renderDocument, renderRow, replaceSections } from "./render.ts";
import type { BenchOptions, SectionReport } from "./report.ts";
import { measureFrontDoor } from "./sections/front-door.ts";
import { measureLaunching } from "./sections/launching.ts";
import { measureLineLatency } from "./sections/line-latency.ts";
import { measureLogs } from "./sections/logs.ts";
import { measureMemory } from "./sections/memory.ts";
import { measurePlacing } from "./sections/placing.ts";
import { measureRunLists } from "./sections/run-lists.ts";
import { measureThroughput } from "./sections/throughput.ts";
import { measureViewers } from "./sections/viewers.ts";

type Measure = (options: BenchOptions) => Promise<SectionReport>;

const sections: Readonly<Record<string, Measure>> = {
  "front-door": measureFrontDoor,
  placing: measurePlacing,
  launching: measureLaunching,
  throughput: measureThroughput,
  memory: measureMemory,
  logs: measureLogs,
  "line-latency": measureLineLatency,
  viewers: measureViewers,
  "run-lists": measureRunLists,
  // Where there is a cluster.
  ...(process.env["KUBECONFIG"]
    ? { kubernetes: measureInCluster, "line-latency-in-cluster": measureLinesInCluster }
    : {}),
};

async function measureInCluster(options: BenchOptions): Promise<SectionReport> {
  const { measureKubernetes } = await import("./sections/kubernetes.ts");
  return measureKubernetes(options);
}

async function measureLinesInCluster(options: BenchOptions): Promise<SectionReport> {
  const { measureLineLatencyInCluster } = await import("./sections/line-latency-in-cluster.ts");
  return measureLineLatencyInCluster(options);
}

const help = `Measures what our way costs beside what nobody could leave out, as ratios of two things measured in one run.

    npm run bench                        everything, about twenty minutes; writes docs/benchmarks.md
    KUBECONFIG=… npm run bench           with runs in that cluster, whose nodes have the agent's image
    npm run bench -- --only front-door   one section; writes nothing

    --only <section>   only this one, and others that are named so; writes nothing
    --update           with --only: puts these sections into docs/benchmarks.md
    --quick            does it still work? Its figures mean little; writes nothing
    --json             prints JSON, once everything is measured

The sections are ${listSections()}.`;

const options = {
  only: { type: "string", multiple: true },
  update: { type: "boolean", default: false },
  quick: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
} as const;

await runScript({ help, options }, async ({ values: { only, ...values } }) => {
  const measures = (only ?? Object.keys(sections)).map((name) => sections[name] ?? refuse(name));
  await measureAll(measures, { ...values, isWhole: only === undefined }).catch((error: unknown) => {
    // With its stack: whoever runs this wants to know what has failed in there.
    console.error(error);
    process.exitCode = 1;
  });
  process.exit();
});

function refuse(name: string): never {
  throw new Error(`Cannot measure ${name}: the sections are ${listSections()}`);
}

function listSections(): string {
  const more = process.env["KUBECONFIG"] ? "" : "; with KUBECONFIG also kubernetes, line-latency-in-cluster";
  return `${Object.keys(sections).join(", ")}${more}`;
}

interface Choices {
  readonly isWhole: boolean;
  readonly update: boolean;
  readonly quick: boolean;
  readonly json: boolean;
}

async function measureAll(measures: readonly Measure[], { isWhole, quick, json, update }: Choices): Promise<void> {
  const say = (text: string) => console.error(`… ${text}`);
  const file = fileURLToPath(new URL("../../docs/benchmarks.md", import.meta.url));
  const reports: SectionReport[] = [];
  for (const measure of measures) {
    const report = { ...(await measure({ quick, say })), load: loadavg()[1] ?? 0 };
    reports.push(report);
    if (!json) console.log([`\n${report.title}`, ...report.rows.map(renderRow)].join("\n"));
    // At once: what is measured behind it may fail.
    if (update && !isWhole && !quick) await writeFile(file, replaceSections(await readFile(file, "utf8"), [report]));
  }
  if (json) console.log(JSON.stringify(reports));
  if (isWhole && !quick) await writeFile(file, renderDocument(reports, await describeMachine()));
}
