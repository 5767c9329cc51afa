/** Out of memory: a container's limit was reached, and the kernel killed it, or one of its processes. */
import type { V1ContainerStateTerminated, V1Pod } from "@kubernetes/client-node";
import type { EndCause } from "../../launch/launcher.ts";
import { fail } from "./fail.ts";
import { findContainer } from "./pod-parts.ts";

/** Whatever its exit code: a main that outlives a killed child and exits 0 has done half of its work. */
export function isOutOfMemory({ reason }: V1ContainerStateTerminated): boolean {
  return reason === "OOMKilled";
}

export function explainOutOfMemory(
  pod: V1Pod,
  container: string,
  { exitCode, reason }: V1ContainerStateTerminated,
): EndCause {
  const limit = findContainer(pod, container)?.resources?.limits?.["memory"];
  const bound = limit === undefined ? "its node's memory" : `its memory limit of ${limit}`;
  const message = `Cannot go on: container ${container} ran out of memory (${bound}), and a process of it was killed`;
  return fail("out-of-memory", message, { container, limit, exitCode, reason });
}
