/**
 * `npm run bench`: what our way costs beside what nobody could leave out, as ratios measured in one run.
 *
 *     npm run bench                        everything, about twenty minutes; writes docs/benchmarks.md
 *     KUBECONFIG=… npm run bench           with runs in that cluster, whose nodes have the agent's image
 *     npm run bench -- --only front-door   one section (or several); writes nothing, unless with --update: these sections
 *     npm run bench -- --quick             does it still work? Its figures mean little; writes nothing
 */
import { readFile, writeFile } from "node:fs/promises";
import { loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
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

const sections: Readonly<Record<string, (options: BenchOptions) => Promise<SectionReport>>> = {
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

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string", multiple: true },
    update: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});
const { quick, json, update, only = Object.keys(sections) } = values;
const say = (text: string) => console.error(`… ${text}`);

const file = fileURLToPath(new URL("../../docs/benchmarks.md", import.meta.url));
const isWhole = values.only === undefined;
const reports: SectionReport[] = [];
for (const name of only) {
  const measure = sections[name];
  if (measure === undefined) throw new Error(`There is no section ${name}; known: ${Object.keys(sections).join(", ")}`);
  const report = { ...(await measure({ quick, say })), load: loadavg()[1] ?? 0 };
  reports.push(report);
  if (!json) console.log([`\n${report.title}`, ...report.rows.map(renderRow)].join("\n"));
  // At once: what is measured behind it may fail.
  if (update && !isWhole && !quick) await writeFile(file, replaceSections(await readFile(file, "utf8"), [report]));
}
if (json) console.log(JSON.stringify(reports));
if (isWhole && !quick) await writeFile(file, renderDocument(reports, await describeMachine()));
process.exit(0);
