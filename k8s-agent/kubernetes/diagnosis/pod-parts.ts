/** Where things stand in a pod. What a watch brings is plain JSON, in which a time is text. */
import type { V1Container, V1ContainerStatus, V1Pod, V1PodCondition } from "@kubernetes/client-node";

/** Of any container, the helpers included. */
export function findStatus(pod: V1Pod | undefined, name: string): V1ContainerStatus | undefined {
  const { initContainerStatuses = [], containerStatuses = [] } = pod?.status ?? {};
  return [...initContainerStatuses, ...containerStatuses].find((status) => status.name === name);
}

export function findContainer(pod: V1Pod | undefined, name: string): V1Container | undefined {
  const { initContainers = [], containers = [] } = pod?.spec ?? {};
  return [...initContainers, ...containers].find((container) => container.name === name);
}

export function findCondition(pod: V1Pod | undefined, type: string): V1PodCondition | undefined {
  return pod?.status?.conditions?.find((condition) => condition.type === type);
}

/** Milliseconds since 1970; undefined: no time, or none that can be read. */
export function readTime(time: Date | string | undefined): number | undefined {
  if (time === undefined) return undefined;
  const milliseconds = new Date(time).getTime();
  return Number.isNaN(milliseconds) ? undefined : milliseconds;
}

/** When the pod is to end, or has ended, less its grace as it stands: when somebody asked for it, or later. */
export function readDeletionRequest(pod: V1Pod | undefined): number | undefined {
  const end = readTime(pod?.metadata?.deletionTimestamp);
  return end === undefined ? undefined : end - (pod?.metadata?.deletionGracePeriodSeconds ?? 0) * 1000;
}

/** The earliest time at which somebody may have asked for its end: a kubelet that is done with it sets its grace to 0. */
export function readEarliestDeletion(pod: V1Pod): number | undefined {
  const end = readTime(pod.metadata?.deletionTimestamp);
  const grace = pod.metadata?.deletionGracePeriodSeconds || (pod.spec?.terminationGracePeriodSeconds ?? 30);
  return end === undefined ? undefined : end - grace * 1000;
}
