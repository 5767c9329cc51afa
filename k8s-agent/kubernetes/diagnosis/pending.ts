/** A pod whose first container has not started: no node, no volumes, no network. */
import type { CoreV1Event, V1Pod } from "@kubernetes/client-node";
import { classifyConfig } from "./containers.ts";
import { fail } from "./fail.ts";
import { findCondition, findStatus, readTime } from "./pod-parts.ts";
import { containers } from "../../job/names.ts";
import type { Graces, Sighting, Trouble } from "./sighting.ts";
import { findWarning, quoteWarning } from "./warnings.ts";

const preparing = ["FailedMount", "FailedAttachVolume", "FailedCreatePodSandBox"];

export function findPendingTrouble({ pod, warnings }: Sighting, { pendingSeconds }: Graces): Trouble | undefined {
  if (pod === undefined || hasBegun(pod)) return undefined;
  const since = readTime(pod.metadata?.creationTimestamp) ?? 0;
  const scheduled = findCondition(pod, "PodScheduled");
  if (scheduled?.status === "False") {
    const event = quoteWarning(findWarning(warnings, { about: pod, reasons: ["FailedScheduling"] }));
    const message = `Cannot find a node for the run's pod within ${pendingSeconds} seconds: ${scheduled.message ?? "no reason given"}`;
    return { cause: fail("unschedulable", message, { event, limit: pendingSeconds }), since, seconds: pendingSeconds };
  }
  return explainPreparing(pod, { warnings, since, seconds: pendingSeconds });
}

/** What is missing is said once; then the kubelet says no more than that it has waited. */
function explainPreparing(
  pod: V1Pod,
  { warnings, since, seconds }: { warnings: readonly CoreV1Event[]; since: number; seconds: number },
): Trouble | undefined {
  const missing = warnings.filter(({ message = "" }) => classifyConfig(message) !== "config-error");
  const certain = findWarning(missing, { about: pod, reasons: preparing });
  const warning = certain ?? findWarning(warnings, { about: pod, reasons: preparing });
  if (warning === undefined) return undefined;
  const said = warning.message ?? "";
  const evidence = { event: quoteWarning(warning), node: pod.spec?.nodeName };
  const message = `Cannot prepare the run's pod: ${said}`;
  if (certain !== undefined) return { cause: fail(classifyConfig(said), message, evidence) };
  return { cause: fail("config-error", message, { ...evidence, limit: seconds }), since, seconds };
}

function hasBegun(pod: V1Pod): boolean {
  const { running, terminated } = findStatus(pod, containers.setup)?.state ?? {};
  return running !== undefined || terminated !== undefined;
}
