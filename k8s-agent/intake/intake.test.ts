import { expect, test, vi } from "vitest";
import type { Lease, RequestQueue } from "../../src/bus/port.ts";
import { takeRequests } from "./intake.ts";

const lease: Lease = {
  address: { cluster: "local", runId: "01jd000000000000000000000a" },
  data: new Uint8Array(),
  deliveries: 1,
  milliseconds: 30_000,
  renew: async () => undefined,
  finish: async () => undefined,
  release: async () => undefined,
};

/** So many requests, one behind the other. */
function createQueue(count: number): RequestQueue {
  return {
    place: async () => undefined,
    async *take() {
      for (let i = 0; i < count; i++) yield lease;
    },
  };
}

const about = { cluster: "local", signal: new AbortController().signal };

test("a full replica takes the next request when any of its runs is done, and waits for all in the end", async () => {
  const runs: PromiseWithResolvers<void>[] = [];
  const handle = () => {
    const run = Promise.withResolvers<void>();
    runs.push(run);
    return run.promise;
  };
  const end = takeRequests({ ...about, requests: createQueue(4), capacity: 2, handle });
  await expect.poll(() => runs.length).toBe(2);
  runs[1]?.resolve();
  await expect.poll(() => runs.length).toBe(3);
  runs[0]?.resolve();
  runs[2]?.resolve();
  await expect.poll(() => runs.length).toBe(4);
  runs[3]?.resolve();
  await end;
});

test("a run that goes on is not listened to anew for each one that ends beside it", async () => {
  const long = Promise.withResolvers<void>();
  const spies: { readonly mock: { readonly calls: readonly unknown[] } }[] = [];
  vi.spyOn(long.promise, "finally").mockImplementation((listener) => {
    const work = Promise.prototype.finally.call(long.promise, listener) as Promise<void>;
    spies.push(vi.spyOn(work, "then"));
    return work;
  });
  let runs = 0;
  const handle = () => {
    if (runs++ === 0) return long.promise;
    if (runs === 100) long.resolve();
    return Promise.resolve();
  };
  await takeRequests({ ...about, requests: createQueue(100), capacity: 2, handle });
  expect(runs).toBe(100);
  expect(spies).toHaveLength(1);
  // At most by whoever waits for all in the end.
  expect(spies[0]?.mock.calls.length).toBeLessThan(2);
});
