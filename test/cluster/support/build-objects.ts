/** Objects as a run has them, as small as the API server takes them. */
import type { V1Job, V1PodTemplateSpec } from "@kubernetes/client-node";
import { ulid } from "ulid";
import { buildWorkloadName, containers, labels, managedBy } from "../../../k8s-agent/job/names.ts";

export function createRunId(): string {
  return ulid().toLowerCase();
}

export function buildLabels(cluster: string, runId: string): Record<string, string> {
  return { [labels.managedBy]: managedBy, [labels.cluster]: cluster, [labels.runId]: runId };
}

export interface JobOptions {
  readonly namespace: string;
  readonly cluster: string;
  readonly runId: string;
  /** Run by busybox's shell. */
  readonly script: string;
  /** 0: no pod is made. */
  readonly parallelism?: number;
}

/** A Job with one container. */
export function buildScriptJob({ namespace, cluster, runId, script, parallelism = 1 }: JobOptions): V1Job {
  const marks = buildLabels(cluster, runId);
  const template: V1PodTemplateSpec = {
    metadata: { labels: marks },
    spec: {
      restartPolicy: "Never",
      terminationGracePeriodSeconds: 1,
      automountServiceAccountToken: false,
      containers: [
        {
          name: containers.main,
          image: "docker.io/library/busybox:1.35",
          command: ["/bin/busybox", "sh", "-c", script],
        },
      ],
    },
  };
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name: buildWorkloadName(runId), namespace, labels: marks },
    spec: { backoffLimit: 0, parallelism, template },
  };
}
