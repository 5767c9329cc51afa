import type { V1ContainerState, V1Job, V1Pod } from "@kubernetes/client-node";
import { expect, test } from "vitest";
import { annotations } from "../../job/names.ts";
import { haltReasons } from "../diagnosis/job-state.ts";
import type { Workload } from "../workloads/workload-store.ts";
import { listIntruders, nothingSeen, sight } from "./sight.ts";

const template = { metadata: {}, spec: { containers: [] } };
const job: V1Job = { metadata: { name: "run-a", uid: "job" }, spec: { template } };
const buildPod = (uid: string, state: V1ContainerState = {}): V1Pod => ({
  metadata: { name: `run-a-${uid}`, uid },
  spec: { containers: [{ name: "main", image: "x" }] },
  status: {
    containerStatuses: [{ name: "main", image: "x", imageID: "", ready: false, restartCount: 0, state }],
  },
});
const workload = (...pods: V1Pod[]): Workload => ({ job, pods, warnings: [] });
const failing = (reason: string) => buildPod("1", { waiting: { reason } });

test("the run's pod is the Job's first, and stays it when it is gone and others are there", () => {
  const first = sight(nothingSeen, workload(buildPod("1"), buildPod("2")), 0);
  expect(first.pod?.metadata?.uid).toBe("1");
  const later = sight(first, workload(buildPod("2")), 0);
  expect({ uid: later.pod?.metadata?.uid, gone: later.podGone }).toEqual({ uid: "1", gone: true });
});

test("every other pod is an intruder, but for one that is going already", () => {
  const going = buildPod("3");
  Object.assign(going.metadata ?? {}, { deletionTimestamp: new Date(0) });
  const there = workload(buildPod("1"), buildPod("2"), going);
  const sighting = sight(nothingSeen, there, 0);
  expect(listIntruders(sighting, there).map(({ metadata }) => metadata?.uid)).toEqual(["2"]);
  expect(listIntruders(sighting, workload(buildPod("1")))).toEqual([]);
});

test("a Job that was never there isn't gone", () => {
  const nothing = { job: undefined, pods: [], warnings: [] };
  expect(sight(nothingSeen, nothing, 0)).toMatchObject({ jobGone: false, podGone: false });
  expect(sight(sight(nothingSeen, workload(), 0), nothing, 0)).toMatchObject({ jobGone: true, podGone: false, job });
});

test("an image fails since it was first seen to, whichever of its two states comes in between", () => {
  let sighting = sight(nothingSeen, workload(buildPod("1")), 5);
  expect(sighting.pullFailingSince).toBeUndefined();
  sighting = sight(sighting, workload(failing("ErrImagePull")), 10);
  sighting = sight(sighting, workload(failing("ContainerCreating")), 15);
  sighting = sight(sighting, workload(failing("ImagePullBackOff")), 20);
  expect(sighting.pullFailingSince).toBe(10);
});

test("a run that another replica has stopped is a stopped one; a Job that was halted for its pod's sake isn't", () => {
  const halt = (why: string): V1Job => ({
    metadata: { name: "run-a", uid: "job", annotations: { [annotations.halted]: why } },
    spec: { template, activeDeadlineSeconds: 1 },
  });
  expect(sight(nothingSeen, { ...workload(), job: halt(haltReasons.stopped) }, 0).stopped).toBe(true);
  expect(sight(nothingSeen, { ...workload(), job: halt(haltReasons.spent) }, 0).stopped).toBe(false);
});
