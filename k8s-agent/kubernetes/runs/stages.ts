/** A run's stages, in the launcher's words. */
import { containers } from "../../job/names.ts";
import type { SetupTimes } from "../../../src/contract/events.ts";
import type { WorkloadStatus } from "../../launch/launcher.ts";
import { findMainEnd } from "../diagnosis/main-end.ts";
import { readSetupReport } from "../diagnosis/helpers.ts";
import { findStatus, readTime } from "../diagnosis/pod-parts.ts";
import type { Diagnosis, Sighting } from "../diagnosis/sighting.ts";

type Status<K extends WorkloadStatus["kind"]> = Extract<WorkloadStatus, { kind: K }>;

/**
 * The stages that it has reached since. What has happened in between is told too: a main that ends within a second is never
 * seen to run.
 */
export function listNewStages(
  before: readonly WorkloadStatus[],
  sighting: Sighting,
  { kind }: Diagnosis,
): WorkloadStatus[] {
  const has = (stage: WorkloadStatus["kind"]) => before.some((status) => status.kind === stage);
  const stages: WorkloadStatus[] = [];
  if (kind !== "ended" && !has("starting")) stages.push(buildStarting(sighting));
  const isRunning = hasMainStarted(sighting);
  if (isRunning && !has("running")) stages.push(buildRunning(sighting));
  if (kind === "ended" && (isRunning || has("running")))
    stages.push({ kind: "collecting", startedAt: buildStarting(sighting).startedAt });
  return stages;
}

/** The run's time begins with its Job, which is the same for every replica. */
function buildStarting({ job, pod }: Sighting): Status<"starting"> {
  const startedAt = readTime(job?.metadata?.creationTimestamp ?? pod?.metadata?.creationTimestamp) ?? 0;
  return { kind: "starting", startedAt: new Date(startedAt).toISOString() };
}

function buildRunning(sighting: Sighting): Status<"running"> {
  const { startedAt } = buildStarting(sighting);
  const mainStartedAt = new Date(readMainStart(sighting) ?? Date.parse(startedAt)).toISOString();
  const commit = readSetupReport(sighting.pod)?.commit;
  const setup = readSetupTimes(sighting);
  return {
    kind: "running",
    startedAt,
    mainStartedAt,
    ...(commit !== undefined && { commit }),
    ...(setup !== undefined && { setup }),
  };
}

function readSetupTimes({ pod }: Sighting): SetupTimes | undefined {
  const ended = findStatus(pod, containers.setup)?.state?.terminated;
  const [from, to] = [readTime(ended?.startedAt), readTime(ended?.finishedAt)];
  if (!from || !to) return undefined;
  return { startedAt: new Date(from).toISOString(), endedAt: new Date(to).toISOString() };
}

export function hasMainStarted(sighting: Sighting): boolean {
  return readMainStart(sighting) !== undefined;
}

/** A container that could not be started has the year 1970. */
function readMainStart({ pod }: Sighting): number | undefined {
  if (pod === undefined) return undefined;
  const time = findStatus(pod, containers.main)?.state?.running?.startedAt ?? findMainEnd(pod)?.startedAt;
  return readTime(time) || undefined;
}
