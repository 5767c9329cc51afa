import { describe, expect, test } from "vitest";
import { buildRunEvent, isTerminal, type EventKind, type Phase, type RunEvent } from "../../src/contract/events.ts";
import { buildSpans, type RunSpans, type SpanOptions } from "./build-spans.ts";
import { buildSpanId, buildTraceId } from "./ids.ts";

const at = (seconds: number) => new Date(Date.UTC(2027, 0, 15, 8) + seconds * 1000);
const run = { runId: "01jd000000000000000000000a", cluster: "local", driver: "container", guresid: "g" } as const;

/** Events by their kinds and seconds. */
function tell(story: readonly (readonly [EventKind, number])[], reason?: string): RunEvent[] {
  let phase: Phase = "requested";
  return story.map(([kind, seconds], index) => {
    if (kind !== "adopted" && kind !== "warned") phase = kind;
    const failure = isTerminal(kind) && reason !== undefined ? { failure: { reason, message: "canary" } } : {};
    const data = { ...run, type: "s3", action: "create" as const, phase, ...failure };
    return buildRunEvent(kind, data, { id: `${index}`, source: "/x", time: at(seconds) });
  });
}

const stored = at(10);
const options: SpanOptions = { requestedAt: at(0), moments: { stored } };

/** `name from-to`, and where it failed. */
const draw = (spans: RunSpans | undefined) =>
  spans?.stages.map(({ name, from, to, error }) => {
    const [begin, end] = [from, to].map((time) => (time.getTime() - at(0).getTime()) / 1000);
    return `${name} ${begin}-${end}${error === undefined ? "" : ` ${error}`}`;
  });

const whole = [
  ["requested", 0],
  ["accepted", 1],
  ["starting", 2],
  ["running", 5],
  ["collecting", 8],
  ["succeeded", 9],
] as const;

describe("a run's spans", () => {
  test("follow each other from its placing until its end is stored", () => {
    const spans = buildSpans(tell(whole), { ...options, moments: { launched: at(3), mainStarted: at(4.5), stored } });
    expect(draw(spans)).toEqual(["queue 0-1", "start 1-3", "setup 3-4.5", "main 4.5-8", "collect 8-9", "result 9-10"]);
    expect(spans).toMatchObject({ from: at(0), to: at(10), result: "succeeded", reason: undefined, adoptions: 0 });
  });

  test("tell placing, setup and the image apart where the agent knew when setup ran", () => {
    const events = tell(whole);
    const tellSetup = (from: number, to: number) =>
      events.map((event) =>
        event.data.phase === "running"
          ? {
              ...event,
              data: { ...event.data, setup: { startedAt: at(from).toISOString(), endedAt: at(to).toISOString() } },
            }
          : event,
      );
    const moments = { launched: at(2.5), mainStarted: at(4.8), stored };
    const prepare = (from: number, to: number) =>
      draw(buildSpans(tellSetup(from, to), { ...options, moments }))?.slice(2, 6);
    expect(prepare(3, 4)).toEqual(["placing 2.5-3", "setup 3-4", "image-pull 4-4.8", "main 4.8-8"]);
    // The node's clock is an hour ahead, or behind.
    expect(prepare(3603, 3604)).toEqual(["placing 2.5-4.8", "setup 4.8-4.8", "image-pull 4.8-4.8", "main 4.8-8"]);
    expect(prepare(-3597, -3596)).toEqual(["placing 2.5-2.5", "setup 2.5-2.5", "image-pull 2.5-4.8", "main 4.8-8"]);
  });

  test("are there without the moments that only one replica knew", () => {
    const expected = ["queue 0-1", "start 1-5", "setup 5-5", "main 5-8", "collect 8-9", "result 9-9"];
    expect(draw(buildSpans(tell(whole), { ...options, moments: {} }))).toEqual(expected);
  });

  test("are no more for a run that was taken over and warned", () => {
    const story = [...whole.slice(0, 4), ["warned", 6], ["adopted", 7], ["adopted", 7.5], ...whole.slice(4)] as const;
    const moments = { launched: at(3), stored };
    const spans = buildSpans(tell(story), { ...options, moments });
    expect(draw(spans)).toEqual(draw(buildSpans(tell(whole), { ...options, moments })));
    expect(spans?.adoptions).toBe(2);
  });

  test.for([
    ["exit-code", whole.slice(0, 5), "main 5-8 exit-code"],
    ["deadline", whole.slice(0, 5), "main 5-8 deadline"],
    ["outputs-invalid", whole.slice(0, 5), "collect 8-9 outputs-invalid"],
    ["setup-failed", whole.slice(0, 3), "setup 3-9 setup-failed"],
    ["image-pull-failed", whole.slice(0, 3), "setup 3-9 image-pull-failed"],
    ["lost", whole.slice(0, 4), "main 5-9 lost"],
    ["out-of-memory", whole.slice(0, 3), "setup 3-9 out-of-memory"],
  ] as const)("say that it failed with %s where it did", ([reason, story, failed]) => {
    const spans = buildSpans(tell([...story, ["failed", 9]], reason), {
      ...options,
      moments: { launched: at(3), stored },
    });
    expect(spans).toMatchObject({ result: "failed", reason });
    expect(draw(spans)?.filter((line) => line.endsWith(reason))).toEqual([failed]);
  });

  test("have no error where somebody has cancelled it", () => {
    const spans = buildSpans(tell([...whole.slice(0, 4), ["cancelled", 9]], "cancelled"), options);
    expect(spans).toMatchObject({ result: "cancelled", reason: "cancelled" });
    expect(spans?.stages.flatMap(({ error }) => error ?? [])).toEqual([]);
  });

  test("are few for a run that was refused, or cancelled in the queue", () => {
    const refused = tell([...whole.slice(0, 3), ["failed", 3]], "launch-refused");
    expect(draw(buildSpans(refused, options))).toEqual(["queue 0-1", "start 1-3 launch-refused", "result 3-10"]);
    const unread = tell([...whole.slice(0, 1), ["failed", 1]], "invalid-request");
    expect(draw(buildSpans(unread, options))).toEqual(["queue 0-1 invalid-request", "result 1-10"]);
  });

  test("never end before they begin, whatever clocks say", () => {
    // The front door is an hour ahead, main was launched late, and started before that.
    const moments = { launched: at(20), mainStarted: at(1), stored: at(0) };
    const spans = buildSpans(tell(whole), { ...options, requestedAt: at(3600), moments });
    for (const { from, to } of spans?.stages ?? []) expect(to.getTime()).toBeGreaterThanOrEqual(from.getTime());
    expect(spans?.stages.map(({ from }) => from).slice(1)).toEqual(spans?.stages.map(({ to }) => to).slice(0, -1));
    expect([spans?.from, spans?.to]).toEqual([at(1), at(9)]);
  });

  test("are none before its end", () => {
    expect(buildSpans(tell(whole.slice(0, 4)), options)).toBeUndefined();
    expect(buildSpans([], options)).toBeUndefined();
  });
});

test("ids come from the run's own, and differ by what they are of", () => {
  const ids = ["run", "queue", "main"].map((name) => buildSpanId(run.runId, name));
  expect(ids).toEqual(["run", "queue", "main"].map((name) => buildSpanId(run.runId, name)));
  expect(new Set([...ids, buildSpanId("01jd000000000000000000000b", "run")]).size).toBe(4);
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{16}$/);
  expect(buildTraceId(run.runId)).toMatch(/^[0-9a-f]{32}$/);
});
