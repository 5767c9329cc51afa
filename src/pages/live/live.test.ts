import { describe, expect, test } from "vitest";
import { buildRunEvent, type EventKind, type RunEventData } from "../../contract/events.ts";
import type { RunDetails } from "../../contract/runs-api/run-details.ts";
import { listStages } from "../../runs/list-stages.ts";
import { layOutStages, measureRun } from "../view/spans.ts";
import { addDetails, applyListEvent, type LiveList } from "./live-list.ts";
import { applyRunEvent } from "../../runs/apply-run-event.ts";

const at = (second: number) => new Date(Date.UTC(2027, 0, 15, 8, 0, second)).toISOString();
const idOf = (number: number) => `01jd0v8e3k7xw2m4n6p8q0r1s${number}`;
const common = { cluster: "prod", driver: "container", guresid: "abc", type: "s3", action: "create" } as const;

function told(number: number, kind: EventKind, second: number, details: Partial<RunEventData> = {}) {
  const phase = details.phase ?? (kind === "warned" || kind === "adopted" ? "running" : kind);
  const data = { runId: idOf(number), ...common, phase, ...details };
  return buildRunEvent(kind, data, { id: `${number}.${second}`, source: "/test", time: new Date(at(second)) });
}

const details: RunDetails = {
  id: idOf(1),
  status: "requested",
  ...common,
  requestedAt: at(0),
  phases: [{ phase: "requested", startedAt: at(0) }],
  waiting: true,
  warnings: [],
};

describe("a run's details", () => {
  test("follow its events to its end", () => {
    const failure = { reason: "exit-code", message: "exited 3" };
    const events = [
      told(1, "accepted", 2, { agent: "a-1" }),
      told(1, "running", 5, { commit: "c0ffee" }),
      told(1, "warned", 6, { warning: "odd" }),
      told(1, "adopted", 7, { agent: "a-2" }),
      told(1, "failed", 9, { failure }),
    ];
    expect(events.reduce(applyRunEvent, details)).toEqual({
      ...details,
      status: "failed",
      phases: [
        { phase: "requested", startedAt: at(0), milliseconds: 2000 },
        { phase: "accepted", startedAt: at(2), milliseconds: 3000 },
        { phase: "running", startedAt: at(5), milliseconds: 4000 },
        { phase: "failed", startedAt: at(9) },
      ],
      waiting: false,
      agent: "a-2",
      commit: "c0ffee",
      warnings: [{ time: at(6), message: "odd" }],
      failure,
      reason: "exit-code",
      endedAt: at(9),
    });
  });

  test("stay small, whatever events come", () => {
    const warned = Array.from({ length: 130 }, (_, i) => told(1, "warned", i % 60, { warning: `${i}` }));
    const odd = Array.from({ length: 200 }, (_, i) => told(1, i % 2 === 0 ? "starting" : "running", i % 60));
    const run = [...warned, ...odd, told(1, "succeeded", 59)].reduce(applyRunEvent, details);
    expect([run.warnings.length, run.unlistedWarnings]).toEqual([100, 30]);
    expect([run.phases.length, run.phases.at(-1)?.phase]).toEqual([64, "succeeded"]);
  });

  test("don't change by an event that comes twice", () => {
    const once = applyRunEvent(details, told(1, "accepted", 2));
    expect(applyRunEvent(once, told(1, "accepted", 2))).toEqual(once);
  });
});

describe("a list", () => {
  const empty: LiveList = { runs: [], filter: {}, first: true, limit: 2 };
  const apply = (list: LiveList, ...events: ReturnType<typeof told>[]) =>
    events.reduce((all, event) => applyListEvent(all, event).list, list);
  const shown = ({ runs }: LiveList) => runs.map(({ run }) => `${run.id.at(-1)} ${run.status}`);

  test("takes new runs in, newest first, and follows those that it has", () => {
    const list = apply(
      empty,
      told(1, "requested", 0),
      told(2, "requested", 1),
      told(1, "failed", 3, { failure: { reason: "deadline", message: "" } }),
    );
    expect(shown(list)).toEqual(["2 requested", "1 failed"]);
    expect(list.runs[1]).toMatchObject({
      run: { reason: "deadline", endedAt: at(3) },
      phases: [{ milliseconds: 3000 }, {}],
    });
    expect(shown(apply(list, told(3, "requested", 4)))).toEqual(["3 requested", "2 requested"]);
  });

  test("leaves out what isn't looked for, what is on another page, and what is older than the page", () => {
    for (const [name, value] of [
      ["cluster", "test"],
      ["driver", "tofu"],
      ["guresid", "xyz"],
      ["status", "failed"],
    ])
      expect(shown(apply({ ...empty, filter: { [name ?? ""]: value } }, told(1, "requested", 0)))).toEqual([]);
    expect(shown(apply({ ...empty, first: false }, told(1, "requested", 0)))).toEqual([]);
    expect(applyListEvent(empty, told(1, "running", 0))).toEqual({ list: empty });
  });

  test("of one status asks for a run that comes to have it, and drops one that loses it", () => {
    const running: LiveList = { ...empty, filter: { status: "running" } };
    expect(applyListEvent(running, told(1, "running", 4))).toEqual({ list: running, missing: idOf(1) });
    const asked = addDetails(running, applyRunEvent(details, told(1, "running", 4)));
    expect(shown(asked)).toEqual(["1 running"]);
    expect(addDetails(asked, applyRunEvent(details, told(1, "running", 4)))).toBe(asked);
    expect(shown(apply(asked, told(1, "succeeded", 5)))).toEqual([]);
    expect(shown(addDetails(running, details))).toEqual([]);
  });
});

describe("phases as parts of a run's time", () => {
  test("are as long as they took; the present one grows", () => {
    const run = applyRunEvent(details, told(1, "running", 2));
    const spans = layOutStages(listStages(run), Date.parse(at(8)));
    expect(spans.map(({ stage, start, length, current }) => [stage, start, length, current])).toEqual([
      ["requested", 0, 0.25, false],
      ["running", 0.25, 0.75, true],
    ]);
    expect(measureRun(run, Date.parse(at(8)))).toBe(8000);
    const ended = applyRunEvent(run, told(1, "succeeded", 4));
    expect(measureRun(ended, Date.parse(at(8)))).toBe(4000);
    expect(layOutStages(listStages(ended), 0).map(({ length }) => length)).toEqual([0.5, 0.5]);
  });

  test("share the bar where clocks say that none took any time", () => {
    const phases = [
      { phase: "requested", startedAt: at(0), milliseconds: 0 },
      { phase: "running", startedAt: at(0), milliseconds: 0 },
    ] as const;
    expect(layOutStages(listStages({ phases: [...phases] }), 0).map(({ length }) => length)).toEqual([0.5, 0.5]);
    expect(layOutStages([], 0)).toEqual([]);
  });
});
