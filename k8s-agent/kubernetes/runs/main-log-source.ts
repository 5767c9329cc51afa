/** Main's log, as its reader needs it: the pod, main's state in it, and a door to the API. */
import { pause } from "../../../src/bus/pause.ts";
import type { ReadAheadBudget } from "../../logs/read-ahead-budget.ts";
import { containers } from "../../job/names.ts";
import type { ClusterApi } from "../api/cluster-api.ts";
import { findMainEnd } from "../diagnosis/main-end.ts";
import { findStatus, readTime } from "../diagnosis/pod-parts.ts";
import type { LogSource, MainContainer } from "../logs/log-source.ts";
import { getRef } from "./refs.ts";
import type { RunTracker } from "./run-tracker.ts";
import { hasMainStarted } from "./stages.ts";

export interface LogSourceOptions {
  readonly api: Pick<ClusterApi, "openLog">;
  readonly readAheadBudget: ReadAheadBudget;
  readonly now: () => Date;
  readonly random: () => number;
  /** Main's log is being read from now on. */
  readonly onOpen: () => void;
}

/** Call it when the tracker has seen the run's pod. */
export function createLogSource(tracker: RunTracker, options: LogSourceOptions): LogSource {
  const { api, readAheadBudget, now, random, onOpen } = options;
  const { pod } = tracker.sighting;
  const ref = pod === undefined ? { namespace: "", name: "" } : getRef(pod);
  return {
    podUid: pod?.metadata?.uid ?? "",
    async openLog(request) {
      const answer = await api.openLog({ ...request, ...ref, container: containers.main, timestamps: true });
      if (answer.kind === "open") onOpen();
      return answer;
    },
    container: {
      get state() {
        return readState(tracker);
      },
      get startedAt() {
        return readStart(tracker);
      },
      get isLeaving() {
        return tracker.sighting.pod?.metadata?.deletionTimestamp !== undefined;
      },
      async changed(signal) {
        const before = readState(tracker);
        while (!signal.aborted && readState(tracker) === before) await tracker.changed(signal);
      },
    },
    readAheadBudget,
    now,
    random,
    pause,
  };
}

function readState({ sighting, ended }: RunTracker): MainContainer["state"] {
  const { pod, podGone } = sighting;
  const started = hasMainStarted(sighting);
  if (podGone) return started ? "gone" : "never";
  if (pod === undefined) return ended === undefined ? "waiting" : "never";
  const isRunning = findStatus(pod, containers.main)?.state?.running !== undefined;
  // The run's end is known, and this is the last that was heard of main: nobody will tell its end.
  if (isRunning) return ended === undefined ? "running" : "gone";
  if (findMainEnd(pod) !== undefined) return started ? "ended" : "never";
  const isFinal = pod.status?.phase === "Failed" || pod.status?.phase === "Succeeded";
  return ended !== undefined || isFinal ? "never" : "waiting";
}

function readStart({ sighting: { pod } }: RunTracker): Date | undefined {
  const time = readTime(findStatus(pod, containers.main)?.state?.running?.startedAt);
  return time === undefined ? undefined : new Date(time);
}
