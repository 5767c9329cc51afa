/** Setup that failed, and a collector that can't stay up: main has not run. */
import type { V1ContainerStateTerminated, V1Pod } from "@kubernetes/client-node";
import { containers } from "../../job/names.ts";
import type { EndCause } from "../../launch/launcher.ts";
import { decodeSetupReport, type SetupReport } from "../../sidecar/messages/setup-report.ts";
import { fail } from "./fail.ts";
import { explainOutOfMemory, isOutOfMemory } from "./out-of-memory.ts";
import { findStatus } from "./pod-parts.ts";

/** What setup has reported; undefined: nothing yet, or nothing that can be read. */
export function readSetupReport(pod: V1Pod | undefined): SetupReport | undefined {
  const message = findStatus(pod, containers.setup)?.state?.terminated?.message;
  if (message === undefined) return undefined;
  const report = decodeSetupReport(message);
  return report.ok ? report.value : undefined;
}

export function explainHelpers(pod: V1Pod): EndCause | undefined {
  const setup = findStatus(pod, containers.setup)?.state?.terminated;
  if (setup !== undefined && (setup.exitCode !== 0 || isOutOfMemory(setup))) return explainSetup(pod, setup);
  // The kubelet starts it again and again, and main never.
  const collector = findStatus(pod, containers.collector);
  const ended = collector?.state?.terminated ?? collector?.lastState?.terminated;
  return ended === undefined ? undefined : explainHelper(pod, containers.collector, ended);
}

function explainSetup(pod: V1Pod, terminated: V1ContainerStateTerminated): EndCause {
  const report = readSetupReport(pod);
  if (report?.unchanged === true) return { kind: "unchanged" };
  const container = containers.setup;
  if (isOutOfMemory(terminated)) return explainOutOfMemory(pod, container, terminated);
  if (report?.problem === undefined) return explainHelper(pod, container, terminated);
  return fail("setup-failed", report.problem, { container, exitCode: terminated.exitCode });
}

/** A helper that ended without a word of its own. */
export function explainHelper(pod: V1Pod, container: string, terminated: V1ContainerStateTerminated): EndCause {
  if (isOutOfMemory(terminated)) return explainOutOfMemory(pod, container, terminated);
  const { exitCode, reason, message } = terminated;
  const said = message === undefined ? (reason ?? "no reason given") : message;
  return fail(
    "helper-failed",
    `Cannot go on without container ${container}: it exited with code ${exitCode} (${said})`,
    {
      container,
      exitCode,
      reason,
    },
  );
}
