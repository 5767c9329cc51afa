import { expect, test } from "vitest";
import { addPhase } from "./apply-run-event.ts";
import { listStages, type Stage } from "./list-stages.ts";

const at = (seconds: number) => new Date(Date.UTC(2027, 0, 15, 8) + seconds * 1000).toISOString();

const phases = (["requested", "accepted", "starting", "running"] as const).reduce(
  (list, phase, index) => addPhase(list, { phase, time: at(10 * index) }),
  [] as Parameters<typeof addPhase>[0],
);

const draw = (stages: readonly Stage[]) =>
  stages.map(({ stage, startedAt, milliseconds }) => `${stage} ${startedAt.slice(17, 19)} ${milliseconds ?? "so far"}`);

const before = ["requested 00 10000", "accepted 10 10000"];
const after = ["running 30 so far"];

test("a run's time goes to its phases, and within starting to placing, setup and the image", () => {
  const setup = { startedAt: at(22), endedAt: at(25) };
  const parts = ["placing 20 2000", "setup 22 3000", "image-pull 25 5000"];
  expect(draw(listStages({ phases, setup }))).toEqual([...before, ...parts, ...after]);
});

test("starting is one stage where nobody knows when setup ran, or while it lasts", () => {
  expect(draw(listStages({ phases }))).toEqual([...before, "starting 20 10000", ...after]);
  const setup = { startedAt: at(22), endedAt: at(25) };
  const unfinished = [...phases.slice(0, 2), { phase: "starting" as const, startedAt: at(20) }];
  expect(draw(listStages({ phases: unfinished, setup }))).toEqual([...before, "starting 20 so far"]);
});

test.for([
  ["an hour behind", -3600, ["placing 20 0", "setup 20 0", "image-pull 20 10000"]],
  ["an hour ahead", 3600, ["placing 20 10000", "setup 30 0", "image-pull 30 0"]],
] as const)("a node's clock that is %s makes no stage longer than the phase", ([, shift, parts]) => {
  const setup = { startedAt: at(22 + shift), endedAt: at(25 + shift) };
  expect(draw(listStages({ phases, setup }))).toEqual([...before, ...parts, ...after]);
});

test("a setup that ended before it began takes no time", () => {
  const setup = { startedAt: at(25), endedAt: at(22) };
  expect(draw(listStages({ phases, setup })).slice(2, 5)).toEqual([
    "placing 20 5000",
    "setup 25 0",
    "image-pull 25 5000",
  ]);
});
