import type { V1ContainerState, V1Job, V1Pod } from "@kubernetes/client-node";
import { expect, test } from "vitest";
import { createConsoleLogger } from "../../../src/log.ts";
import { haltReasons } from "../diagnosis/job-state.ts";
import type { Sighting } from "../diagnosis/sighting.ts";
import { createGuard } from "./guard.ts";
import { nothingSeen } from "./sight.ts";

const running: V1ContainerState = { running: { startedAt: new Date(0) } };
const ended: V1ContainerState = { terminated: { exitCode: 0, startedAt: new Date(1), finishedAt: new Date(2) } };

function buildPod(states: Record<string, V1ContainerState>, deletionTimestamp?: Date): V1Pod {
  const base = { image: "x", imageID: "", ready: false, restartCount: 0 };
  return {
    metadata: { namespace: "runs", name: "run-a-1", uid: "1", ...(deletionTimestamp && { deletionTimestamp }) },
    status: { containerStatuses: Object.entries(states).map(([name, state]) => ({ ...base, name, state })) },
  };
}

const template = { metadata: {}, spec: { containers: [] } };
const job: V1Job = { metadata: { namespace: "runs", name: "run-a" }, spec: { template, activeDeadlineSeconds: 600 } };

const alter = (changes: Partial<V1Job>): V1Job => Object.assign(structuredClone(job), changes);

function arrange(broken = false) {
  const calls: string[] = [];
  const lines: string[] = [];
  const act = async (call: string) => {
    calls.push(call);
    if (broken) throw new Error("The API server is gone");
  };
  const guard = createGuard({
    api: {
      haltJob: ({ namespace, name, why }) => act(`halt ${namespace}/${name}: ${why}`),
      deletePod: ({ namespace, name, uid }, { graceSeconds }) =>
        act(`delete ${namespace}/${name} ${uid} ${graceSeconds}`),
    },
    logger: createConsoleLogger({ write: (line) => void lines.push(line), now: () => new Date(0), level: "error" }),
    signal: new AbortController().signal,
  });
  return { guard, calls, lines };
}

const see = (changes: Partial<Sighting>): Sighting => ({ ...nothingSeen, job, ...changes });
const halted = `halt runs/run-a: ${haltReasons.spent}`;

test("a pod that runs is left alone", () => {
  const { guard, calls } = arrange();
  expect(guard.watchOver(see({ pod: buildPod({ main: running, proxy: running }) }), [])).toEqual([]);
  guard.watchOver(see({}), []);
  expect(calls).toEqual([]);
});

test.each([
  ["that somebody deletes", see({ pod: buildPod({ main: running }, new Date(10_000)) })],
  ["that is gone", see({ pod: buildPod({ main: running }), podGone: true })],
  ["that others keep when main has ended", see({ pod: buildPod({ main: ended, proxy: running }) })],
])("a pod %s has its Job halted, once", async (_, sighting) => {
  const { guard, calls } = arrange();
  guard.watchOver(sighting, []);
  guard.watchOver(sighting, []);
  await guard.settle(see({}));
  expect(calls).toEqual([halted]);
});

test("a Job that is gone, that is over, or whose own deadline was over isn't halted", () => {
  const { guard, calls } = arrange();
  const pod = buildPod({ main: running }, new Date(700_000));
  guard.watchOver(see({ pod, jobGone: true }), []);
  guard.watchOver(see({ pod, job: alter({ status: { conditions: [{ type: "Failed", status: "True" }] } }) }), []);
  guard.watchOver(see({ pod, job: alter({ status: { startTime: new Date(0) } }) }), []);
  guard.watchOver(see({ pod, job: alter({ spec: { template, activeDeadlineSeconds: 1 } }) }), []);
  expect(calls).toEqual([]);
});

test("a second pod is removed at once, once, by its uid, and the run is told", () => {
  const { guard, calls } = arrange();
  const sighting = see({ pod: buildPod({ main: running }) });
  const intruder: V1Pod = { metadata: { namespace: "runs", name: "run-a-2", uid: "2" } };
  const [warning] = guard.watchOver(sighting, [intruder]);
  expect(warning).toContain("run-a-2");
  expect(guard.watchOver(sighting, [intruder])).toEqual([]);
  expect(calls).toEqual(["delete runs/run-a-2 2 0"]);
});

test("a run that has ended before main could start can't start any more; one whose main has ended needs nothing", async () => {
  const { guard, calls } = arrange();
  await guard.settle(see({ pod: buildPod({ main: ended }) }));
  await guard.settle(see({ jobGone: true }));
  expect(calls).toEqual([]);
  await guard.settle(see({ pod: buildPod({ main: { waiting: { reason: "ImagePullBackOff" } } }) }));
  expect(calls).toEqual([halted]);
});

test("what the API server doesn't let us do is tried again, and whoever relies on it hears of it", async () => {
  const { guard, calls, lines } = arrange(true);
  const sighting = see({ pod: buildPod({ main: running }), podGone: true });
  guard.watchOver(sighting, []);
  await expect.poll(() => lines.length).toBe(1);
  guard.watchOver(sighting, []);
  expect(calls).toEqual([halted, halted]);
  await expect(guard.settle(see({}))).rejects.toThrow("The API server is gone");
});
