import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../../src/contract/json.ts";
import { annotations, labels as names } from "../../job/names.ts";
import { decodeJob, decodePod, decodeWarning } from "./decode.ts";

const runId = "01k9zzzzzzzzzzzzzzzzzzzzzz";
const labels = { [names.runId]: runId };
const metadata = { name: `run-${runId}`, namespace: "runs", uid: "u", resourceVersion: "7", labels };

describe("a Job", () => {
  test("is kept without its template and without what its fields were set by", () => {
    const template = { spec: { containers: [{ name: "main" }] } };
    const kept = decodeJob({
      metadata: { ...metadata, managedFields: [{}], annotations: { a: "b", [annotations.halted]: "why" } },
      spec: { activeDeadlineSeconds: 1, template },
      status: { failed: 1, startTime: "2026-11-23T00:00:00Z" },
    });
    expect(kept).toEqual({
      runId,
      key: `runs/run-${runId}`,
      version: "u 7",
      object: {
        metadata: { ...metadata, annotations: { [annotations.halted]: "why" } },
        spec: { activeDeadlineSeconds: 1, template: {} },
        status: { failed: 1, startTime: new Date("2026-11-23T00:00:00Z") },
      },
    });
  });

  test.each<[string, JsonObject]>([
    ["without metadata", { spec: {} }],
    ["without labels", { metadata: { ...metadata, labels: null }, spec: {} }],
    ["without a version", { metadata: { name: metadata.name, namespace: "runs", uid: "u", labels }, spec: {} }],
    ["of another name", { metadata: { ...metadata, name: "run-x" }, spec: {} }],
    ["whose run id is none", { metadata: { ...metadata, labels: { [names.runId]: "../x" } }, spec: {} }],
    ["whose labels are no labels", { metadata: { ...metadata, labels: [7] }, spec: {} }],
    ["whose spec is none", { metadata, spec: "x" }],
  ])("%s is none", (_, job) => {
    expect(decodeJob(job)).toBeUndefined();
  });
});

test("a pod keeps what tells why it failed: containers' limits and all of its status", () => {
  const resources = { limits: { memory: "64Mi" } };
  const statuses = [{ name: "main", state: { terminated: { exitCode: 137, reason: "OOMKilled" } } }];
  const kept = decodePod({
    metadata: { ...metadata, name: "run-x-abcde" },
    spec: { nodeName: "n", volumes: [{}], containers: [{ name: "main", env: [{}], resources }, "nonsense"] },
    status: { phase: "Failed", containerStatuses: statuses },
  });
  expect(kept?.object).toEqual({
    metadata: { ...metadata, name: "run-x-abcde" },
    spec: { nodeName: "n", containers: [{ name: "main", resources }] },
    status: { phase: "Failed", containerStatuses: statuses },
  });
});

describe("a warning", () => {
  const build = (involvedObject: JsonObject): JsonObject => ({ metadata, involvedObject, reason: "Failed" });

  test.each([
    ["Job", `run-${runId}`],
    ["Pod", `run-${runId}-abcde`],
  ])("about a run's %s is that run's", (kind, name) => {
    expect(decodeWarning(build({ kind, name }))).toMatchObject({ runId, object: { reason: "Failed" } });
  });

  test.each([
    ["Node", `run-${runId}`],
    ["Pod", `runner-${runId}`],
    ["Pod", `run-${runId}x`],
    ["Pod", "run-"],
    ["Pod", "__proto__"],
  ])("about another object, %s %s, is nobody's", (kind, name) => {
    expect(decodeWarning(build({ kind, name }))).toBeUndefined();
  });
});
