/** What people and the agent find a run's objects by. */
import type { V1ObjectMeta } from "@kubernetes/client-node";
import type { RunOrder } from "../../src/contract/run.ts";
import { annotations, buildWorkloadName, labels, managedBy } from "./names.ts";

/** A label's value in Kubernetes, characters. */
const longestLabel = 63;

type Described = Required<Pick<V1ObjectMeta, "labels" | "annotations">>;

/** The same for Secret, Job and pod. */
export function describeRun({ runId, cluster, driver, action, guresid, type }: RunOrder): Described {
  return {
    labels: {
      [labels.managedBy]: managedBy,
      [labels.cluster]: cluster,
      [labels.runId]: runId,
      [labels.driver]: driver,
      [labels.action]: action,
      ...(guresid.length <= longestLabel ? { [labels.guresid]: guresid } : {}),
    },
    annotations: { [annotations.guresid]: guresid, [annotations.type]: type },
  };
}

export function buildMetadata(order: RunOrder, namespace: string): V1ObjectMeta & { namespace: string } {
  return { name: buildWorkloadName(order.runId), namespace, ...describeRun(order) };
}
