import { describe, expect, test } from "vitest";
import type { RunResult } from "../contract/events.ts";
import { noOutputs } from "../contract/outputs.ts";
import { decideDelete, decideGet, decidePut, type RunState, type Situation } from "./decide.ts";
import type { LastRun, ResourceRecord } from "./record.ts";

const runId = "01jd0v8e3k7xw2m4n6p8q0r1s2";
const failure = { reason: "exit-code", message: "exited 3" };
const ends = {
  succeeded: { kind: "succeeded", outputs: noOutputs },
  unchanged: { kind: "succeeded", outputs: noOutputs, unchanged: true },
  failed: { kind: "failed", failure },
  cancelled: { kind: "cancelled", failure },
} as const satisfies Record<string, RunResult>;

/** A run's state in words: how it ended, and whether a caller was told of it. */
type Words = "unplaced" | "live" | `${keyof typeof ends} ${"untold" | "told"}`;

function describeSituation(
  action: "create" | "destroy",
  words: Words,
  more: { result?: ResourceRecord["result"]; observed?: boolean } = {},
): Situation {
  const [end = "", told] = words.split(" ");
  const kind = end === "unchanged" ? "succeeded" : end;
  const run = {
    runId,
    cluster: "local",
    action,
    update: false,
    order: "",
    requestedAt: "",
    ...(told === "told" ? { told: kind === "succeeded" ? { kind } : { kind, sealed: "" } } : {}),
  } as LastRun;
  const create = { cluster: "local", inputs: "", fingerprint: "", timeoutSeconds: 1 };
  const record: ResourceRecord = { v: 1, type: "s3", run, create, ...(more.result ? { result: more.result } : {}) };
  return { record, state: describeState(end), observed: more.observed === true ? runId : undefined };
}

function describeState(end: string): RunState {
  if (end === "unplaced") return { kind: "unplaced" };
  if (end === "live") return { kind: "live", phase: "running", sequence: 3 };
  return { kind: "ended", result: ends[end as keyof typeof ends], sealed: "x" };
}

const create = (update: boolean) => ({ kind: "place", update });
const ended = { kind: "failure", failure };

describe("PUT", () => {
  test("of what is not there starts a run", () => {
    expect(decidePut(undefined, { same: false, refresh: false })).toEqual(create(false));
  });

  test.for<["create" | "destroy", Words, same: object, other: object]>([
    ["create", "unplaced", { kind: "progress" }, { kind: "busy" }],
    ["create", "live", { kind: "progress" }, { kind: "busy" }],
    ["create", "succeeded untold", { kind: "outputs", from: "run" }, create(true)],
    ["create", "succeeded told", { kind: "outputs", from: "record" }, create(true)],
    ["create", "unchanged untold", { kind: "outputs", from: "record" }, create(true)],
    ["create", "failed untold", ended, create(false)],
    ["create", "failed told", create(false), create(false)],
    ["create", "cancelled untold", ended, create(false)],
    ["create", "cancelled told", create(false), create(false)],
    ["destroy", "unplaced", { kind: "busy" }, { kind: "busy" }],
    ["destroy", "live", { kind: "busy" }, { kind: "busy" }],
    ["destroy", "succeeded untold", create(false), create(false)],
    ["destroy", "succeeded told", create(false), create(false)],
    ["destroy", "failed untold", create(false), create(false)],
    ["destroy", "failed told", create(false), create(false)],
    ["destroy", "cancelled told", create(false), create(false)],
  ])("after a %s that is %s: same body %j, other body %j", ([action, words, same, other]) => {
    const situation = describeSituation(action, words);
    expect(decidePut(situation, { same: true, refresh: false })).toEqual(same);
    expect(decidePut(situation, { same: false, refresh: false })).toEqual(other);
  });

  test("is an update while a result is recorded, until a destroy has succeeded", () => {
    const other = { same: false, refresh: false };
    const more = { result: {} };
    expect(decidePut(describeSituation("create", "failed told", more), other)).toEqual(create(true));
    expect(decidePut(describeSituation("destroy", "failed told", more), other)).toEqual(create(true));
    expect(decidePut(describeSituation("destroy", "succeeded told", more), other)).toEqual(create(false));
  });

  test("tells a failure to everybody who saw the run alive, whoever was told before", () => {
    const situation = describeSituation("create", "failed told", { observed: true });
    expect(decidePut(situation, { same: true, refresh: false })).toEqual(ended);
  });

  test.for<[Words, { commit?: string } | undefined, object]>([
    ["succeeded told", { commit: "abc" }, { ...create(true), unlessCommit: "abc" }],
    ["succeeded told", {}, { kind: "outputs", from: "record" }],
    ["succeeded untold", { commit: "abc" }, { kind: "outputs", from: "run" }],
    ["unchanged told", { commit: "abc" }, { ...create(true), unlessCommit: "abc" }],
    ["unchanged untold", { commit: "abc" }, { kind: "outputs", from: "record" }],
    ["failed told", { commit: "abc" }, create(true)],
    ["live", { commit: "abc" }, { kind: "progress" }],
  ])("that refreshes, after a create that is %s with the result %j: %j", ([words, result, decision]) => {
    const situation = describeSituation("create", words, result === undefined ? {} : { result });
    expect(decidePut(situation, { same: true, refresh: true })).toEqual(decision);
  });

  test("that refreshes and saw the look at the branch end gets the outputs, not another look", () => {
    const situation = describeSituation("create", "unchanged told", { result: { commit: "abc" }, observed: true });
    expect(decidePut(situation, { same: true, refresh: true })).toEqual({ kind: "outputs", from: "record" });
  });
});

describe("DELETE", () => {
  test("of what is not there finds it gone", () => {
    expect(decideDelete(undefined)).toEqual({ kind: "gone" });
  });

  test.for<["create" | "destroy", Words, object]>([
    ["create", "unplaced", { kind: "busy" }],
    ["create", "live", { kind: "busy" }],
    ["create", "succeeded untold", create(false)],
    ["create", "succeeded told", create(false)],
    ["create", "failed untold", create(false)],
    ["create", "failed told", create(false)],
    ["create", "cancelled told", create(false)],
    ["destroy", "unplaced", { kind: "progress" }],
    ["destroy", "live", { kind: "progress" }],
    ["destroy", "succeeded untold", { kind: "gone" }],
    ["destroy", "succeeded told", { kind: "gone" }],
    ["destroy", "failed untold", ended],
    ["destroy", "failed told", create(false)],
    ["destroy", "cancelled untold", ended],
    ["destroy", "cancelled told", create(false)],
  ])("after a %s that is %s: %j", ([action, words, decision]) => {
    expect(decideDelete(describeSituation(action, words))).toEqual(decision);
  });
});

describe("GET", () => {
  test("of what is not there knows nothing", () => {
    expect(decideGet(undefined)).toEqual({ kind: "unknown" });
  });

  test.for<["create" | "destroy", Words, object]>([
    ["create", "unplaced", { kind: "progress" }],
    ["create", "live", { kind: "progress" }],
    ["create", "succeeded untold", { kind: "outputs", from: "run" }],
    ["create", "succeeded told", { kind: "outputs", from: "record" }],
    ["create", "unchanged untold", { kind: "outputs", from: "record" }],
    ["create", "failed untold", ended],
    ["create", "failed told", ended],
    ["create", "cancelled told", ended],
    ["destroy", "unplaced", { kind: "progress" }],
    ["destroy", "live", { kind: "progress" }],
    ["destroy", "succeeded untold", { kind: "unknown" }],
    ["destroy", "failed told", ended],
  ])("after a %s that is %s: %j", ([action, words, decision]) => {
    expect(decideGet(describeSituation(action, words))).toEqual(decision);
  });
});
