import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createBackoff } from "../report/backoff.ts";
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
  const ended = new AbortController();
  const backoff = createBackoff({ signal: ended.signal, random: () => 0 });
  const onError = (error: unknown) => errors.push(error);
  const stopper = createStopper({ launcher, runId, graceSeconds: 30, now, backoff, onError });
  return { stopper, stops, errors, end: () => ended.abort() };
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

test("a deadline whose stop fails is told to whoever listens, and tried again until it works", async () => {
  vi.useRealTimers();
  let failures = 2;
  const { stopper, stops, errors } = makeStopper(async () => {
    if (failures-- > 0) throw new Error("the API server is away");
  });
  stopper.startDeadline("2026-11-21T00:00:00.000Z", 1);
  await expect.poll(() => stops).toHaveLength(3);
  expect(errors).toHaveLength(2);
});

test("a run that has ended while it could not be stopped is let go", async () => {
  vi.useRealTimers();
  const { stopper, stops, end } = makeStopper(async () => {
    throw new Error("the API server is away");
  });
  const stopping = stopper.keepStopping({ reason: "cancelled", message: "by a person" });
  const before = stops.length;
  end();
  await stopping;
  expect([before, stops.length]).toEqual([1, 1]);
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
