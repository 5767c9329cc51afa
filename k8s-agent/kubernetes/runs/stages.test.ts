import type { V1ContainerState } from "@kubernetes/client-node";
import { expect, test } from "vitest";
import { buildPod } from "./cluster.fixture.ts";
import { listNewStages } from "./stages.ts";

const at = (second: number) => new Date(Date.UTC(2027, 0, 15, 8, 0, second));
const text = (second: number) => at(second).toISOString();

/** What is told of a main that has started. */
function tellRunning(states: Readonly<Record<string, V1ContainerState>>) {
  const pod = buildPod({ main: { running: { startedAt: at(9) } }, ...states });
  const seen = { job: undefined, pod, warnings: [], pullFailingSince: undefined };
  const nothing = { jobGone: false, podGone: false, stopped: false, killed: false };
  return listNewStages([], { ...seen, ...nothing }, { kind: "running" }).at(-1);
}

test("main's start tells when setup ran, as its pod has it", () => {
  const setup = { terminated: { exitCode: 0, startedAt: at(3), finishedAt: at(5) } };
  expect(tellRunning({ setup })).toMatchObject({
    kind: "running",
    mainStartedAt: text(9),
    setup: { startedAt: text(3), endedAt: text(5) },
  });
});

test.for<[string, V1ContainerState]>([
  ["has forgotten when", { terminated: { exitCode: 0, reason: "ContainerStatusUnknown" } }],
  ["says that it never began", { terminated: { exitCode: 0, startedAt: new Date(0), finishedAt: at(5) } }],
  ["says that it runs still", { running: { startedAt: at(3) } }],
])("main's start says nothing of setup where its pod %s", ([, setup]) => {
  const running = tellRunning({ setup });
  expect(running).toMatchObject({ kind: "running", mainStartedAt: text(9) });
  expect(running).not.toHaveProperty("setup");
});
