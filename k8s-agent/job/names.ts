/** How the objects of a run are called and labelled: what people look for with kubectl, and what the agent finds again. */
import { RunId } from "../../src/contract/names.ts";
import * as v from "valibot";

const domain = "container-driver.dev";

/** Every object of ours has `managedBy`; a selector of it and `cluster` finds an agent's own. */
export const labels = {
  managedBy: "app.kubernetes.io/managed-by",
  runId: `${domain}/run-id`,
  /** The cluster's name as front doors know it: two agents may share a namespace. */
  cluster: `${domain}/cluster`,
  driver: `${domain}/driver`,
  action: `${domain}/action`,
  /** Only where it fits into a label, 63 characters; the annotation of the same name always has it. */
  guresid: `${domain}/guresid`,
} as const;

export const managedBy = "container-driver";

export const annotations = {
  guresid: `${domain}/guresid`,
  /** The resource's type, which may hold a slash. */
  type: `${domain}/resource-type`,
  /** On a Job whose time an agent has ended: why, for people, and for the agent's other replicas. */
  halted: `${domain}/halted`,
} as const;

/** Containers of the pod. */
export const containers = { main: "main", setup: "setup", collector: "collector" } as const;

/** Job and Secret of a run: derived from its id, so that creating them twice is an `AlreadyExists`. */
export function buildWorkloadName(runId: string): string {
  return `run-${runId}`;
}

/** The run whose Job, or pod of that Job, is called so: pods have their Job's name and something behind it. */
export function readRunIdFromName(name: string): string | undefined {
  const [prefix, runId] = name.split("-", 2);
  return prefix === "run" && v.is(RunId, runId) ? runId : undefined;
}

/** Selects the objects of a cluster's runs, or of one run. */
export function buildSelector({ cluster, runId }: { cluster: string; runId?: string }): string {
  const selector = `${labels.managedBy}=${managedBy},${labels.cluster}=${cluster}`;
  return runId === undefined ? selector : `${selector},${labels.runId}=${runId}`;
}

/** The run that an object belongs to; undefined where its labels say none. */
export function readRunId(found: Readonly<Record<string, string>> | undefined): string | undefined {
  const runId = v.safeParse(RunId, found?.[labels.runId]);
  return runId.success ? runId.output : undefined;
}
