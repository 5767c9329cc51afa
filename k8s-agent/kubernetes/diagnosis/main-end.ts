/** How main has ended. */
import type { V1ContainerStateTerminated, V1Pod } from "@kubernetes/client-node";
import { containers } from "../../job/names.ts";
import type { EndCause } from "../../launch/launcher.ts";
import { findDeparture } from "./departure.ts";
import { fail } from "./fail.ts";
import { explainOutOfMemory, isOutOfMemory } from "./out-of-memory.ts";
import { findContainer, findStatus, readEarliestDeletion, readTime } from "./pod-parts.ts";
import type { Sighting } from "./sighting.ts";

/** Nobody has seen it end. */
const unknownReason = "ContainerStatusUnknown";

/** Main's end as the pod's status tells it; undefined: it runs, or has not started. */
export function findMainEnd(pod: V1Pod): V1ContainerStateTerminated | undefined {
  const { state, lastState } = findStatus(pod, containers.main) ?? {};
  if (state?.running !== undefined) return undefined;
  // A kubelet that has lost sight of it says `waiting` again, and that it doesn't know in the state before that.
  return state?.terminated ?? lastState?.terminated;
}

export function explainMain(sighting: Sighting, pod: V1Pod, ended: V1ContainerStateTerminated): EndCause {
  const { exitCode, reason = "", message } = ended;
  const departure = findDeparture(sighting);
  if (reason === unknownReason)
    return departure ?? fail("lost", `Cannot tell how the container ended: ${message ?? reason}`, { reason });
  if (isOutOfMemory(ended)) return explainOutOfMemory(pod, containers.main, ended);
  if (reason === "StartError" || reason === "ContainerCannotRun") return explainStart(pod, ended);
  // What it does with a SIGTERM is its own affair: that it is done in time, it says with 0.
  if (exitCode === 0 || sighting.stopped || departure === undefined || endedBefore(ended, pod))
    return { kind: "exited", exitCode };
  return addExitCode(departure, exitCode);
}

/** Times are whole seconds: in the same one as the request it was rather the request. */
function endedBefore({ finishedAt }: V1ContainerStateTerminated, pod: V1Pod): boolean {
  const requested = readEarliestDeletion(pod);
  const finished = readTime(finishedAt);
  return requested !== undefined && finished !== undefined && finished < requested;
}

function explainStart(pod: V1Pod, { exitCode, reason, message }: V1ContainerStateTerminated): EndCause {
  const container = containers.main;
  const command = findContainer(pod, container)?.command?.[0];
  const what = command === undefined ? "the image's own command" : `the command ${command}`;
  const said = message ?? reason ?? "no reason given";
  return fail("start-failed", `Cannot start ${what}: ${said}`, { container, command, exitCode, reason });
}

function addExitCode(cause: EndCause, exitCode: number): EndCause {
  return "message" in cause
    ? { ...cause, evidence: { ...cause.evidence, container: containers.main, exitCode } }
    : cause;
}
