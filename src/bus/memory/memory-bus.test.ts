import { expect, test } from "vitest";
import { createMemoryBus } from "./memory-bus.ts";

const cluster = "local";
const toRun = (i: number) => ({ cluster, runId: `01j${String(i).padStart(23, "0")}` });
const bytes = (text: string) => new TextEncoder().encode(text);

test("events over their number lose the oldest first, of whichever run", async () => {
  const bus = createMemoryBus({ maxEvents: 3 });
  for (let i = 0; i < 5; i++) await bus.events.append(toRun(i), bytes(`${i}`), { id: "only", after: 0 });
  const last = await Promise.all([0, 1, 2, 3, 4].map((i) => bus.events.last(toRun(i))));
  expect(last.map((entry) => entry !== undefined)).toEqual([false, false, true, true, true]);
});

test("an entry that is larger than all that is kept is dropped at once, and the next one is taken", async () => {
  const bus = createMemoryBus({ maxLogBytes: 10 });
  const large = await bus.logs.append(toRun(1), new Uint8Array(11), { id: "large", after: 0 });
  if (large.kind !== "appended") expect.unreachable();
  expect(await bus.logs.last(toRun(1))).toBeUndefined();
  const next = await bus.logs.append(toRun(1), new Uint8Array(10), { id: "next", after: large.sequence });
  expect(next).toEqual({ kind: "appended", sequence: large.sequence + 1 });
});

test("leases run on the timers that are given, and closing calls them off", async () => {
  const timers = new Set<{ readonly milliseconds: number; readonly action: () => void }>();
  const bus = createMemoryBus({
    leaseMilliseconds: 1234,
    schedule: (milliseconds, action) => {
      const timer = { milliseconds, action };
      timers.add(timer);
      return () => timers.delete(timer);
    },
  });
  const taker = bus.requests.take(cluster, { signal: new AbortController().signal })[Symbol.asyncIterator]();
  await bus.requests.place(toRun(1), bytes("go"));
  await taker.next();
  expect([...timers].map(({ milliseconds }) => milliseconds)).toEqual([1234]);
  for (const { action } of timers) action();
  expect((await taker.next()).value).toMatchObject({ deliveries: 2 });
  await bus.close();
  expect(timers.size).toBe(0);
});
