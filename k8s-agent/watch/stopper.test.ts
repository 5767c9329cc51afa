import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createHeldRuns } from "./held-runs.ts";
import { createStopper } from "./stopper.ts";

const runId = "01jd000000000000000000000a";

beforeEach(() => void vi.useFakeTimers({ now: new Date("2026-11-22T00:00:00.000Z") }));
afterEach(() => void vi.useRealTimers());

function makeStopper(stop: (runId: string, options: { graceSeconds: number }) => Promise<void> = async () => {}) {
  const stops: { runId: string; graceSeconds: number }[] = [];
  const errors: unknown[] = [];
  const launcher = {
    async stop(id: string, options: { graceSeconds: number }) {
      stops.push({ runId: id, ...options });
      await stop(id, options);
    },
  };
  const now = () => new Date();
  const stopper = createStopper({ launcher, runId, graceSeconds: 30, now, onError: (error) => errors.push(error) });
  return { stopper, stops, errors };
}

test("a run is stopped when its time is over, counted from its start", async () => {
  const { stopper, stops } = makeStopper();
  stopper.startDeadline("2026-11-21T23:59:50.000Z", 60);
  await vi.advanceTimersByTimeAsync(49_999);
  expect(stops).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(stops).toEqual([{ runId, graceSeconds: 30 }]);
  expect(stopper.stopped).toMatchObject({ reason: "deadline" });
  expect(stopper.stopped?.message).toContain("60 seconds");
});

test("a replica that adopts a run whose time is over stops it at once", async () => {
  const { stopper, stops } = makeStopper();
  stopper.startDeadline("2026-11-21T20:00:00.000Z", 60);
  await vi.advanceTimersByTimeAsync(0);
  expect(stops).toHaveLength(1);
});

test("a run that ended is not stopped afterwards", async () => {
  const { stopper, stops } = makeStopper();
  stopper.startDeadline("2026-11-22T00:00:00.000Z", 60);
  stopper.close();
  await vi.advanceTimersByTimeAsync(120_000);
  expect(stops).toEqual([]);
});

test("counting again replaces the former deadline", async () => {
  const { stopper, stops } = makeStopper();
  stopper.startDeadline("2026-11-22T00:00:00.000Z", 60);
  stopper.startDeadline("2026-11-22T00:00:00.000Z", 60);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(stops).toHaveLength(1);
});

test("a clock that is set doesn't move the deadline of a run that is counted already", async () => {
  const { stopper, stops } = makeStopper();
  stopper.startDeadline("2026-11-22T00:00:00.000Z", 60);
  await vi.advanceTimersByTimeAsync(10_000);
  vi.setSystemTime("2026-11-22T02:00:00.000Z");
  stopper.startDeadline("2026-11-22T00:00:00.000Z", 60);
  await vi.advanceTimersByTimeAsync(49_999);
  expect(stops).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(stops).toHaveLength(1);
});

test("a clock that is a month behind gives a run its time and no more", async () => {
  const { stopper, stops } = makeStopper();
  stopper.startDeadline("2026-12-22T00:00:00.000Z", 60);
  await vi.advanceTimersByTimeAsync(59_999);
  expect(stops).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(stops).toHaveLength(1);
});

test("a deadline of a day does not overflow the timer", async () => {
  const { stopper, stops } = makeStopper();
  stopper.startDeadline("2026-11-22T00:00:00.000Z", 86_400);
  await vi.advanceTimersByTimeAsync(86_399_000);
  expect(stops).toEqual([]);
});

test("the first reason to stop stays", async () => {
  const { stopper } = makeStopper();
  await stopper.stop({ reason: "cancelled", message: "by a person" });
  stopper.startDeadline("2026-11-21T00:00:00.000Z", 1);
  await vi.advanceTimersByTimeAsync(0);
  expect(stopper.stopped).toEqual({ reason: "cancelled", message: "by a person" });
});

test("a deadline whose stop fails is told to whoever listens, and crashes nothing", async () => {
  const { stopper, errors } = makeStopper(async () => {
    throw new Error("no such workload");
  });
  stopper.startDeadline("2026-11-21T00:00:00.000Z", 1);
  await vi.advanceTimersByTimeAsync(0);
  expect(errors).toHaveLength(1);
});

test("stopping all stops the runs that are held, and at once those that come later", async () => {
  const held = createHeldRuns(() => {});
  const before = makeStopper();
  const gone = makeStopper();
  const later = makeStopper();
  held.add("a", before.stopper);
  held.add("b", gone.stopper)();
  await held.stopAll({ reason: "cancelled", message: "shutting down" }, { graceSeconds: 10 });
  held.add("c", later.stopper);
  expect(before.stops).toEqual([{ runId, graceSeconds: 10 }]);
  expect(gone.stops).toEqual([]);
  expect(later.stops).toEqual([{ runId, graceSeconds: 10 }]);
  expect(later.stopper.stopped).toMatchObject({ reason: "cancelled" });
});
