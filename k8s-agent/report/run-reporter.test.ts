import { beforeEach, expect, test } from "vitest";
import { createMemoryBus } from "../../src/bus/memory/memory-bus.ts";
import { BusUnavailable, type Bus } from "../../src/bus/port.ts";
import { decodeMessage, encodeMessage } from "../../src/contract/decode.ts";
import { buildRunEvent, RunEvent, type RunResult } from "../../src/contract/events.ts";
import { noOutputs } from "../../src/contract/outputs.ts";
import type { RunOrder } from "../../src/contract/run.ts";
import { openResult } from "../../src/sealing/result.ts";
import { address, buildOrder, createParties, take } from "../../src/sealing/sealing.fixture.ts";
import { createBackoff } from "./backoff.ts";
import { Fenced, openRunReporter } from "./run-reporter.ts";

const parties = await createParties();
const order: RunOrder = await buildOrder(parties.frontDoor, "sealed inputs");
const outputs = { values: { host: "db-1" }, secrets: { password: "p" }, manifests: [] };

let bus: Bus;
beforeEach(() => void (bus = createMemoryBus({ maxMessageBytes: 20_000 })));

const open = (agent = "a", delivery = 1) =>
  openRunReporter({
    events: bus.events,
    order,
    agent,
    delivery,
    now: () => new Date("2026-11-22T00:00:00.000Z"),
    random: Math.random,
    redactText: (text) => text.replaceAll("hunter2", "***"),
    backoff: createBackoff({ signal: new AbortController().signal, random: () => 1 }),
  });

/** The front door's first event. */
async function request(): Promise<void> {
  const { runId, cluster, driver, guresid, type, action } = order;
  const data = { runId, cluster, driver, guresid, type, action, phase: "requested" } as const;
  const event = buildRunEvent("requested", data, {
    id: `${runId}.requested`,
    source: "/front-door",
    time: new Date(0),
  });
  await bus.events.append(address, encodeMessage(event), { id: event.id, after: 0 });
}

async function readEvents(): Promise<RunEvent[]> {
  const events: RunEvent[] = [];
  const last = await bus.events.last(address);
  const enough = new AbortController();
  for await (const { data, sequence } of bus.events.follow(address, { after: 0, signal: enough.signal })) {
    events.push(take(decodeMessage(RunEvent, data)));
    if (sequence === last?.sequence) enough.abort();
  }
  return events;
}

async function openLast(): Promise<RunResult> {
  const event = (await readEvents()).at(-1);
  const { runId, cluster } = order;
  const secrets = parties.frontDoor.runSecrets;
  return take(await openResult(event?.data.sealed ?? "", { runId, cluster, type: event?.type ?? "", secrets }));
}

test("a run is told in order, and its end sealed", async () => {
  await request();
  const reporter = await open();
  await reporter.take();
  await reporter.warn("hunter2 is short");
  for (const phase of ["starting", "running", "collecting"] as const) await reporter.enter(phase);
  await reporter.end({ kind: "succeeded", outputs });
  const events = await readEvents();
  expect(events.map(({ data }) => data.warning ?? data.phase)).toEqual([
    "requested",
    "accepted",
    "*** is short",
    "starting",
    "running",
    "collecting",
    "succeeded",
  ]);
  expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
  expect(await openLast()).toEqual({ kind: "succeeded", outputs });
});

test("warnings are as many and as long as anybody is shown", async () => {
  const reporter = await open();
  await reporter.take();
  await reporter.warn(`${"x".repeat(4090)}hunter2 is short`);
  for (let i = 1; i < 110; i++) await reporter.warn(`warning ${i}`);
  await reporter.enter("running");
  const events = await readEvents();
  const warnings = events.flatMap(({ data }) => data.warning ?? []);
  expect([warnings.length, warnings[0], warnings.at(-1)]).toEqual([100, `${"x".repeat(4090)}*** is`, "warning 99"]);
  expect(events.at(-1)?.data.phase).toBe("running");
});

test("a phase is entered once, and never again once the run is further", async () => {
  const reporter = await open();
  await reporter.take();
  await reporter.enter("running");
  await reporter.enter("running");
  await reporter.enter("starting");
  expect((await readEvents()).map(({ data }) => data.phase)).toEqual(["accepted", "running"]);
});

test("the front door's event may come between the look and the first event of ours", async () => {
  const reporter = await open();
  await request();
  await reporter.take();
  expect((await readEvents()).map(({ data }) => data.phase)).toEqual(["requested", "accepted"]);
});

test("of two replicas that hold a run the one that is behind stands down", async () => {
  await request();
  const first = await open("a");
  await first.take();
  await first.enter("running");
  const second = await open("b", 2);
  expect([await first.isHolder(), await second.isHolder()]).toEqual([true, true]);
  await second.take();
  expect([await first.isHolder(), await second.isHolder()]).toEqual([false, true]);
  await expect(first.enter("collecting")).rejects.toThrow(Fenced);
  await expect(first.end({ kind: "succeeded", outputs: noOutputs })).rejects.toThrow(Fenced);
  await second.end({ kind: "succeeded", outputs });
  const events = await readEvents();
  expect(events.map(({ type }) => type)).toEqual(
    ["requested", "accepted", "running", "adopted", "succeeded"].map((kind) => `run.${kind}.v1`),
  );
  expect(events[3]?.data).toMatchObject({ phase: "running", agent: "b", delivery: 2 });
});

test("a replica that was paused is refused the very event that the other one has stored meanwhile", async () => {
  await request();
  const paused = await open("a");
  await paused.take();
  await paused.enter("starting");
  const other = await open("b", 2);
  await other.take();
  await other.enter("running");
  await expect(paused.enter("running")).rejects.toThrow(Fenced);
});

test("an event whose answer was lost is stored once", async () => {
  const { append } = bus.events;
  let lost = 0;
  bus.events.append = async (...call) => {
    const appended = await append(...call);
    if (lost++ % 2 === 0) throw new BusUnavailable("append an entry");
    return appended;
  };
  const reporter = await open();
  await reporter.take();
  await reporter.enter("running");
  await reporter.end({ kind: "succeeded", outputs });
  expect((await readEvents()).map(({ data }) => data.phase)).toEqual(["accepted", "running", "succeeded"]);
});

test("a delivery that is no later than the one which the run is held by takes nothing", async () => {
  await request();
  const first = await open("a", 3);
  await first.take();
  for (const delivery of [2, 3]) await expect((await open("b", delivery)).take()).rejects.toThrow(Fenced);
  await first.enter("starting");
  await (await open("b", 4)).take();
  await expect(first.enter("running")).rejects.toThrow(Fenced);
});

test("of two replicas that take a run at once one stands down", async () => {
  await request();
  const [first, second] = [await open("a"), await open("b")];
  await first.take();
  await first.enter("starting");
  await expect(second.take()).rejects.toThrow(Fenced);
});

test("a failure is masked, in what everybody sees and in what is sealed", async () => {
  const reporter = await open();
  await reporter.take();
  const failure = { reason: "exit-code", message: "no hunter2", evidence: { line: "hunter2", exitCode: 3 } };
  await reporter.end({ kind: "failed", failure });
  const masked = { reason: "exit-code", message: "no ***", evidence: { line: "***", exitCode: 3 } };
  expect((await readEvents()).at(-1)?.data.failure).toEqual(masked);
  expect(await openLast()).toEqual({ kind: "failed", failure: masked });
});

test("outputs that the broker doesn't take end the run with both sizes, instead of never", async () => {
  const reporter = await open();
  await reporter.take();
  await reporter.end({ kind: "succeeded", outputs: { ...noOutputs, values: { text: "x".repeat(30_000) } } });
  const result = await openLast();
  expect(result).toMatchObject({ kind: "failed", failure: { reason: "outputs-invalid" } });
  expect(result.kind === "failed" && result.failure.message).toMatch(/\d{5} bytes, the limit is 20000 bytes/);
});
