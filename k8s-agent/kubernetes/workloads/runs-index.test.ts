import type { V1Job } from "@kubernetes/client-node";
import { expect, test } from "vitest";
import { createConsoleLogger } from "../../../src/log.ts";
import type { Kept } from "./decode.ts";
import { createRunsIndex } from "./runs-index.ts";

const lines: string[] = [];
const logger = createConsoleLogger({ write: (line) => lines.push(line), now: () => new Date(), level: "error" });

function keep(runId: string, { key = `a/${runId}`, version = "1" } = {}): Kept<V1Job> {
  return { runId, key, version, object: { metadata: { name: `${runId} ${version}` } } };
}

function createStage() {
  const index = createRunsIndex(logger);
  const heard: (string | undefined)[] = [];
  for (const runId of ["one", "two"])
    index.subscribe(runId, ({ job }) => heard.push(`${runId}: ${job?.metadata?.name ?? "none"}`));
  return { index, heard, jobs: index.createMirror("jobs", () => undefined) };
}

test("a list tells what has changed and what is gone, and nothing of what is as it was", () => {
  const { index, heard, jobs } = createStage();
  jobs.replace([keep("one"), keep("two")]);
  jobs.replace([keep("one"), keep("two", { version: "2" })]);
  jobs.replace([keep("two", { version: "2" })]);
  jobs.replace([]);
  expect(heard).toEqual(["one: one 1", "two: two 1", "two: two 2", "one: none", "two: none"]);
  expect(index.list()).toEqual([]);
});

test("the same message twice is one change, and so is a deletion", () => {
  const { heard, jobs } = createStage();
  jobs.put(keep("one"));
  jobs.put(keep("one"));
  jobs.remove(keep("one"));
  jobs.remove(keep("one"));
  jobs.remove(keep("two"));
  expect(heard).toEqual(["one: one 1", "one: none"]);
});

test("an object whose label was changed leaves its run for the other one", () => {
  const { index, heard, jobs } = createStage();
  jobs.put(keep("one", { key: "a/x" }));
  jobs.put(keep("two", { key: "a/x", version: "2" }));
  expect(heard).toEqual(["one: one 1", "one: none", "two: two 2"]);
  jobs.remove(keep("one", { key: "a/x", version: "3" }));
  expect(index.list()).toEqual([]);
});

test("a list of one namespace takes nothing from another", () => {
  const { index, jobs } = createStage();
  const others = index.createMirror("jobs", () => undefined);
  others.replace([keep("two", { key: "b/two" })]);
  jobs.replace([]);
  expect(index.list()).toEqual(["two"]);
});

test("of many warnings the newest fifty are told, oldest first", () => {
  const { index } = createStage();
  const warnings = index.createMirror("warnings", () => undefined);
  for (let second = 60; second > 0; second--) {
    const metadata = { name: `w${second}` };
    const object = { metadata, involvedObject: {}, lastTimestamp: new Date(second * 1000) };
    warnings.put({ runId: "one", key: `a/w${second}`, version: "1", object });
  }
  const told = index.get("one").warnings.map(({ metadata }) => metadata.name);
  expect(told).toHaveLength(50);
  expect([told[0], told.at(-1)]).toEqual(["w11", "w60"]);
  expect(index.list()).toEqual([]);
});

test("a listener that throws is logged, and the next one hears", () => {
  const { index, jobs } = createStage();
  let heard = 0;
  index.subscribe("one", () => {
    throw new Error("mine");
  });
  index.subscribe("one", () => heard++);
  jobs.put(keep("one"));
  expect(heard).toBe(1);
  expect(lines.join()).toContain("A listener of workloads failed");
});
