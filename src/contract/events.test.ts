import { describe, expect, test } from "vitest";
import { check, decodeMessage, encodeMessage } from "./decode.ts";
import {
  buildRunEvent,
  eventTypes,
  isTerminal,
  phases,
  RunEvent,
  RunResult,
  terminalPhases,
  type EventKind,
  type RunEventData,
} from "./events.ts";

const data: RunEventData = {
  runId: "01jd0v8e3k7xw2m4n6p8q0r1s2",
  cluster: "local",
  driver: "container",
  guresid: "3f786850e387550fdab836ed7e6dc881de23001b",
  type: "my-org/s3",
  action: "create",
  phase: "running",
};
const sent = { id: "01jd0v8e3k7xw2m4n6p8q0r1s2.x", source: "/front-door", time: new Date(1_800_000_000_123) };

test("the last three phases are the ends", () => {
  expect(phases.filter(isTerminal)).toEqual([...terminalPhases]);
  expect(phases.slice(-3)).toEqual([...terminalPhases]);
});

test("every phase has an event type of its own, with a version", () => {
  const types = Object.values(eventTypes);
  expect(new Set(types).size).toBe(types.length);
  for (const phase of phases) expect(eventTypes[phase]).toBe(`run.${phase}.v1`);
});

describe("an event", () => {
  const kinds = Object.keys(eventTypes) as EventKind[];
  test.for(kinds)("that says %s comes out of its bytes as it went in", (kind) => {
    const full: RunEventData = {
      ...data,
      warning: "HOME is 5 characters",
      agent: "a-1",
      commit: "0123456",
      failure: { reason: "exit-code", message: "exited 3", evidence: { exitCode: 3, oom: false, signal: "none" } },
      outputs: { values: ["url"], secrets: ["password"], manifests: 1 },
      sealed: "x.y.z",
    };
    const event = buildRunEvent(kind, full, { ...sent, traceparent: `00-${"a".repeat(32)}-${"b".repeat(16)}-01` });
    expect(decodeMessage(RunEvent, encodeMessage(event))).toEqual({ ok: true, value: event });
  });

  test("has what CloudEvents 1.0 asks for", () => {
    expect(buildRunEvent("running", data, sent)).toEqual({
      specversion: "1.0",
      id: sent.id,
      source: "/front-door",
      type: "run.running.v1",
      subject: data.guresid,
      time: "2027-01-15T08:00:00.123Z",
      datacontenttype: "application/json",
      data,
    });
  });

  test("of a newer writer is read: keys and types that are new are passed over", () => {
    const event = buildRunEvent("running", data, sent);
    const newer = { ...event, type: "run.paused.v1", partition: 3, data: { ...data, queue: "b" } };
    const read = check(RunEvent, newer);
    expect(read).toEqual({ ok: true, value: { ...event, type: "run.paused.v1" } });
  });

  test.for([
    [{ specversion: "0.3" }, 'specversion is a string, must be "1.0"'],
    [{ data: { ...data, phase: "unheard-of" } }, "data.phase must be"],
    [{ data: { ...data, runId: "*" } }, "data.runId must be a run id"],
    [{ data: { ...data, cluster: "a.b" } }, "data.cluster must be"],
    [{ data: undefined }, "data is missing"],
    [{ id: 1 }, "id is a number, must be a string"],
  ] as const)("with %j is refused", ([change, problem]) => {
    const read = check(RunEvent, { ...buildRunEvent("running", data, sent), ...change });
    expect(read.ok ? "taken" : read.problem).toContain(problem);
  });

  const long = "x".repeat(1025);
  const outputs = { values: [], secrets: [], manifests: 0 };
  test.for<[what: string, change: object, problem: string]>([
    ["a time that is none", { time: "x" }, "time must be a time such as"],
    ["a long type", { type: long }, "type is 1025 characters, the limit is 1024 characters"],
    ["an agent with a long name", { data: { ...data, agent: long } }, "data.agent is 1025 characters"],
    ["a delivery below 0", { data: { ...data, delivery: -1 } }, "data.delivery must be at least 0"],
    ["half a manifest", { data: { ...data, outputs: { ...outputs, manifests: 0.5 } } }, "must be a whole number"],
    [
      "many outputs",
      { data: { ...data, outputs: { ...outputs, values: Array(8193).fill("") } } },
      "8192 names at most",
    ],
    ["a long reason", { data: { ...data, failure: { reason: long, message: "" } } }, "reason is 1025 characters"],
    [
      "many facts",
      {
        data: {
          ...data,
          failure: {
            reason: "x",
            message: "",
            evidence: Object.fromEntries(
              Array(101)
                .keys()
                .map((i) => [i, i]),
            ),
          },
        },
      },
      "100 facts at most",
    ],
  ])("with %s is refused", ([, change, problem]) => {
    const read = check(RunEvent, { ...buildRunEvent("running", data, sent), ...change });
    expect(read.ok ? "taken" : read.problem).toContain(problem);
  });
});

describe("a result", () => {
  const outputs = { values: { n: 1 }, secrets: { s: [null] }, manifests: [{ location: "volume", data: {} }] };
  test.for([
    { kind: "succeeded", outputs },
    { kind: "succeeded", outputs, commit: "0123456", unchanged: true },
    { kind: "failed", failure: { reason: "exit-code", message: "exited 3", evidence: { exitCode: 3 } } },
    { kind: "cancelled", failure: { reason: "cancelled", message: "by somebody" } },
    { kind: "failed", failure: { reason: "a-reason-of-next-year", message: "" } },
  ])("%j comes out of its bytes as it went in", (result) => {
    expect(decodeMessage(RunResult, encodeMessage(result))).toEqual({ ok: true, value: result });
  });

  test("keeps every digit of its outputs", () => {
    const text = '{"kind":"succeeded","outputs":{"values":{"n":9007199254740993,"f":1.0},"secrets":{},"manifests":[]}}';
    const read = decodeMessage(RunResult, new TextEncoder().encode(text));
    expect(new TextDecoder().decode(encodeMessage(read.ok ? read.value : read.problem))).toBe(text);
  });

  test.for([
    {},
    { kind: "requested" },
    { kind: "succeeded" },
    { kind: "succeeded", outputs: { values: [], secrets: {}, manifests: [] } },
    { kind: "succeeded", outputs: { values: {}, secrets: {}, manifests: [{ location: "elsewhere", data: {} }] } },
    { kind: "failed" },
    { kind: "cancelled", failure: { reason: "cancelled" } },
  ])("is not %j", (result) => {
    expect(check(RunResult, result).ok).toBe(false);
  });
});
