/** Jobs, pods and warnings of runs, from the API server's JSON; nothing of what is foreign or can't be read. */
import type { CoreV1Event, V1Job, V1Pod } from "@kubernetes/client-node";
import type { JsonObject } from "../../../src/contract/json.ts";
import { annotations, buildWorkloadName, readRunId, readRunIdFromName } from "../../job/names.ts";
import { reviveDates } from "../api/revive-dates.ts";
import * as v from "valibot";
import { prune, type Shape } from "./prune.ts";

/** An object of a run, as it is kept. */
export interface Kept<T> {
  readonly runId: string;
  /** Namespace and name. */
  readonly key: string;
  /** Changes with every change. */
  readonly version: string;
  readonly object: T;
}

export type Decode<T> = (object: JsonObject) => Kept<T> | undefined;

const metadata = {
  name: true,
  namespace: true,
  uid: true,
  resourceVersion: true,
  labels: true,
  creationTimestamp: true,
  deletionTimestamp: true,
  deletionGracePeriodSeconds: true,
  ownerReferences: true,
} as const satisfies Shape;

const containers = [
  { name: true, image: true, command: true, resources: true, restartPolicy: true },
] as const satisfies Shape;

const jobShape = {
  metadata: { ...metadata, annotations: { [annotations.halted]: true } },
  // The type wants a template to be there; what is in it fills most of a Job.
  spec: { activeDeadlineSeconds: true, backoffLimit: true, parallelism: true, suspend: true, template: {} },
  status: true,
} as const satisfies Shape;

const podShape = {
  metadata,
  spec: {
    nodeName: true,
    serviceAccountName: true,
    terminationGracePeriodSeconds: true,
    activeDeadlineSeconds: true,
    initContainers: containers,
    containers,
  },
  status: true,
} as const satisfies Shape;

const warningShape = {
  metadata: { name: true, namespace: true, uid: true, resourceVersion: true, creationTimestamp: true },
  involvedObject: { kind: true, namespace: true, name: true, uid: true, fieldPath: true },
  reason: true,
  message: true,
  type: true,
  count: true,
  firstTimestamp: true,
  lastTimestamp: true,
  eventTime: true,
  series: true,
  source: true,
  reportingComponent: true,
} as const satisfies Shape;

const text = v.string();
const Identity = v.object({ name: text, namespace: text, uid: text, resourceVersion: text });
const Labelled = v.object({
  metadata: v.object({ ...Identity.entries, labels: v.nullish(v.record(text, text), {}) }),
  spec: v.looseObject({}),
});
const Warning = v.object({ metadata: Identity, involvedObject: v.object({ kind: text, name: text }) });

/** One that has the labels of a run's Job and another name is somebody else's. */
export const decodeJob: Decode<V1Job> = (object) => {
  const labelled = v.safeParse(Labelled, object);
  if (!labelled.success) return undefined;
  const identity = labelled.output.metadata;
  const runId = readRunId(identity.labels ?? {});
  if (runId === undefined || identity.name !== buildWorkloadName(runId)) return undefined;
  return keep<V1Job>(object, { runId, identity, shape: jobShape });
};

/** Every pod with a run's labels, whoever made it: to see what isn't the run's is the launcher's affair. */
export const decodePod: Decode<V1Pod> = (object) => {
  const labelled = v.safeParse(Labelled, object);
  if (!labelled.success) return undefined;
  const identity = labelled.output.metadata;
  const runId = readRunId(identity.labels ?? {});
  return runId === undefined ? undefined : keep<V1Pod>(object, { runId, identity, shape: podShape });
};

/** Events carry no labels of ours: their object's name says whose it is. */
export const decodeWarning: Decode<CoreV1Event> = (object) => {
  const warning = v.safeParse(Warning, object);
  if (!warning.success) return undefined;
  const { metadata: identity, involvedObject } = warning.output;
  if (involvedObject.kind !== "Job" && involvedObject.kind !== "Pod") return undefined;
  const runId = readRunIdFromName(involvedObject.name);
  return runId === undefined ? undefined : keep<CoreV1Event>(object, { runId, identity, shape: warningShape });
};

interface Found {
  readonly runId: string;
  readonly identity: v.InferOutput<typeof Identity>;
  readonly shape: Shape;
}

/** What was looked at above makes it a `T` as far as anybody relies on it; the rest of it is optional there. */
function keep<T>(object: JsonObject, { runId, identity, shape }: Found): Kept<T> {
  const { namespace, name, uid, resourceVersion } = identity;
  return {
    runId,
    key: `${namespace}/${name}`,
    version: `${uid} ${resourceVersion}`,
    object: reviveDates(prune(object, shape) ?? {}) as T,
  };
}
