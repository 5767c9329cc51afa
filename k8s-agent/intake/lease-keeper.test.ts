import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Lease } from "../../src/bus/port.ts";
import { createConsoleLogger } from "../../src/log.ts";
import { keepLease } from "./lease-keeper.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const logger = createConsoleLogger({ write: () => undefined, now: () => new Date(), level: "silent" });

/** A lease of 30 seconds. `renew` may be replaced. */
function arrange() {
  const calls = { renewals: 0, lapses: 0 };
  const state = { renew: async () => undefined as void };
  const lease: Lease = {
    address: { cluster: "local", runId: "01jd000000000000000000000a" },
    data: new Uint8Array(),
    deliveries: 1,
    milliseconds: 30_000,
    async renew() {
      calls.renewals++;
      await state.renew();
    },
    finish: async () => undefined,
    release: async () => undefined,
  };
  const keeper = keepLease(lease, logger);
  keeper.onLapse(() => calls.lapses++);
  return { calls, state, keeper };
}

test("a lease is renewed three times in each of its spans, until that is stopped", async () => {
  const { calls, keeper } = arrange();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(calls).toEqual({ renewals: 6, lapses: 0 });
  keeper.stop();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(calls.renewals).toBe(6);
});

test("two renewals in a row may fail; when the lease has run out all the same it is said, until it is renewed", async () => {
  const { calls, state, keeper } = arrange();
  state.renew = async () => {
    throw new Error("the broker is away");
  };
  await vi.advanceTimersByTimeAsync(29_999);
  expect({ lapses: calls.lapses, isHeld: keeper.isHeld() }).toEqual({ lapses: 0, isHeld: true });
  await vi.advanceTimersByTimeAsync(1);
  expect(calls.lapses).toBe(1);
  await vi.advanceTimersByTimeAsync(20_000);
  expect(calls.lapses).toBe(3);
  state.renew = async () => undefined;
  await vi.advanceTimersByTimeAsync(10_000);
  expect(calls.lapses).toBe(4);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(calls.lapses).toBe(4);
  // It may be another replica's lease that is renewed since then.
  expect(keeper.isHeld()).toBe(false);
});

test("a renewal whose answer comes too late prolongs nothing", async () => {
  const { calls, state, keeper } = arrange();
  const answer = Promise.withResolvers<void>();
  state.renew = () => (calls.renewals === 1 ? answer.promise : Promise.reject(new Error("the broker is away")));
  await vi.advanceTimersByTimeAsync(65_000);
  answer.resolve();
  await vi.advanceTimersByTimeAsync(0);
  let told = 0;
  keeper.onLapse(() => told++);
  expect({ told, isHeld: keeper.isHeld() }).toEqual({ told: 1, isHeld: false });
  expect(calls.lapses).toBe(4);
});

test("whoever begins to listen when the lease has run out is told at once", async () => {
  const { state, keeper } = arrange();
  state.renew = async () => {
    throw new Error("the broker is away");
  };
  await vi.advanceTimersByTimeAsync(40_000);
  let told = 0;
  keeper.onLapse(() => told++);
  expect(told).toBe(1);
});

test("whoever was paused for longer than the lease is told when it goes on, and doesn't hold it before", async () => {
  const { calls, keeper } = arrange();
  await vi.advanceTimersByTimeAsync(9_000);
  const clock = vi.spyOn(performance, "now");
  clock.mockReturnValue(performance.now() + 60_000);
  expect({ lapses: calls.lapses, isHeld: keeper.isHeld() }).toEqual({ lapses: 0, isHeld: false });
  await vi.advanceTimersByTimeAsync(1_000);
  expect(calls).toEqual({ renewals: 1, lapses: 1 });
  clock.mockRestore();
});

test("whoever doesn't listen any more is not told, and a keeper that was stopped tells nobody", async () => {
  const { calls, state, keeper } = arrange();
  const answer = Promise.withResolvers<void>();
  state.renew = () => answer.promise;
  let told = 0;
  keeper.onLapse(() => told++)();
  await vi.advanceTimersByTimeAsync(10_000);
  keeper.stop();
  answer.resolve();
  await vi.advanceTimersByTimeAsync(60_000);
  expect({ told, ...calls }).toEqual({ told: 0, renewals: 1, lapses: 0 });
  expect(vi.getTimerCount()).toBe(0);
});
