import type { V1Job, V1Pod } from "@kubernetes/client-node";
import { buildWorkloadName } from "../../job/names.ts";
import type { ObjectRef } from "../api/cluster-api.ts";

export function getRef({ metadata }: V1Job | V1Pod): ObjectRef {
  return { namespace: metadata?.namespace ?? "", name: metadata?.name ?? "" };
}

/** A run's Job, and its Secret of the same name. */
export function buildRef(runId: string, namespace: string): ObjectRef {
  return { namespace, name: buildWorkloadName(runId) };
}
