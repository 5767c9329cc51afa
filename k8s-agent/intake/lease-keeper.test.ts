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

test("two renewals in a row may fail; when the lease has run out all the same it is said, until it is renewed again", async () => {
  const { calls, state } = arrange();
  state.renew = async () => {
    throw new Error("the broker is away");
  };
  await vi.advanceTimersByTimeAsync(30_000);
  expect(calls.lapses).toBe(0);
  await vi.advanceTimersByTimeAsync(20_000);
  expect(calls.lapses).toBe(2);
  state.renew = async () => undefined;
  await vi.advanceTimersByTimeAsync(10_000);
  expect(calls.lapses).toBe(3);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(calls.lapses).toBe(3);
});

test("whoever was paused for longer than the lease is told when it goes on", async () => {
  const { calls } = arrange();
  await vi.advanceTimersByTimeAsync(9_000);
  const clock = vi.spyOn(performance, "now");
  const paused = performance.now() + 60_000;
  clock.mockReturnValue(paused);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(calls).toEqual({ renewals: 1, lapses: 1 });
  clock.mockRestore();
});

test("whoever doesn't listen any more is not told", async () => {
  const { calls, state, keeper } = arrange();
  state.renew = async () => {
    throw new Error("the broker is away");
  };
  let told = 0;
  const stopListening = keeper.onLapse(() => told++);
  await vi.advanceTimersByTimeAsync(40_000);
  stopListening();
  await vi.advanceTimersByTimeAsync(10_000);
  expect({ told, lapses: calls.lapses }).toEqual({ told: 1, lapses: 2 });
});
