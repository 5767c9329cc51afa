import { describe, expect, test } from "vitest";
import { BusUnavailable } from "../../src/bus/port.ts";
import { append, createAddress, createTaker, followTexts, toBytes, type Play } from "./stage.ts";

export function describeClosing(play: Play): void {
  describe("closing", () => {
    test("ends who follows and who takes, without an error", () =>
      play({ ownClusters: true }, async ({ bus, cluster }) => {
        const run = createAddress(cluster);
        await append(bus.events, run, { text: "one", after: 0 });
        const following = followTexts(bus.events, run, { count: 2 });
        const followingNothing = followTexts(bus.logs, run, { count: 1 });
        const taking = createTaker(bus, cluster).next();
        await bus.close();
        expect(await following).toEqual(expect.toBeOneOf([["one"], []]));
        expect(await followingNothing).toEqual([]);
        expect(await taking).toBeUndefined();
      }));

    test("twice is fine, and what is asked then is refused as unavailable", () =>
      play({ ownClusters: true }, async ({ bus, cluster }) => {
        const run = createAddress(cluster);
        await bus.requests.place(run, toBytes("go"));
        const lease = await createTaker(bus, cluster).take();
        await bus.close();
        await bus.close();
        const calls = [
          () => bus.records.get("container.key"),
          () => bus.records.set("container.key", toBytes("x"), 0),
          () => bus.records.remove("container.key", 1),
          () => bus.events.append(run, toBytes("x"), { id: "x", after: 0 }),
          () => bus.events.last(run),
          () => bus.requests.place(run, toBytes("x")),
          () => lease.renew(),
          () => lease.finish(),
          () => lease.release(0),
        ];
        for (const call of calls) {
          const refusal = await call().then(
            () => undefined,
            (error: unknown) => error,
          );
          if (!(refusal instanceof BusUnavailable)) expect.unreachable(String(call));
          expect(refusal.message).toMatch(/^Cannot .+: the bus is closed$/);
          expect(refusal.code).toBe("RES-151");
        }
        expect(await followTexts(bus.events, run, { count: 1 })).toEqual([]);
        expect(await createTaker(bus, cluster).next()).toBeUndefined();
      }));
  });
}
