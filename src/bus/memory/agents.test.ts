import { expect, test } from "vitest";
import { createMemoryBus } from "./memory-bus.ts";

test("an announcement counts for its time, and is forgotten then; a newer one begins anew", async () => {
  const timers: { milliseconds: number; fire: () => void; calledOff: boolean }[] = [];
  const bus = createMemoryBus({
    announcementMilliseconds: 60_000,
    schedule(milliseconds, fire) {
      const timer = { milliseconds, fire, calledOff: false };
      timers.push(timer);
      return () => void (timer.calledOff = true);
    },
  });
  const address = { cluster: "local", agent: "a" };
  await bus.agents.announce(address, new Uint8Array([1]));
  await bus.agents.announce(address, new Uint8Array([2]));
  expect(timers.map(({ milliseconds, calledOff }) => [milliseconds, calledOff])).toEqual([
    [60_000, true],
    [60_000, false],
  ]);
  expect(await bus.agents.list("local")).toEqual([new Uint8Array([2])]);
  timers[1]?.fire();
  expect(await bus.agents.list("local")).toEqual([]);
});
