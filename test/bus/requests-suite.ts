import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { MessageTooLarge } from "../../src/bus/port.ts";
import { createAddress, createTaker, largestPayload, range, toBytes, toText, type Play } from "./stage.ts";

/** Long enough for the pauses of a busy machine: nothing here depends on less than half of it. */
const leaseMilliseconds = 750;
const shortLease = { ownClusters: true, leaseMilliseconds };

export function describeRequests(play: Play): void {
  describe("requests", () => {
    test("one that was placed is taken, as it was placed", () =>
      play(shortLease, async ({ bus, other, cluster }) => {
        const run = createAddress(cluster);
        await bus.requests.place(run, toBytes("go"));
        const lease = await createTaker(other, cluster).take();
        expect(lease.address).toEqual(run);
        expect(toText(lease.data)).toBe("go");
        expect(lease.deliveries).toBe(1);
        expect(lease.milliseconds).toBe(leaseMilliseconds);
      }));

    test("whoever waits gets it when it is placed", () =>
      play({ ownClusters: true }, async ({ bus, other, cluster }) => {
        const run = createAddress(cluster);
        const taken = createTaker(other, cluster).take();
        await bus.requests.place(run, toBytes("go"));
        expect((await taken).address).toEqual(run);
      }));

    test("they are taken in the order in which they were placed", () =>
      play({ ownClusters: true }, async ({ bus, cluster }) => {
        const runs = range(10).map(() => createAddress(cluster));
        for (const run of runs) await bus.requests.place(run, toBytes("go"));
        const taker = createTaker(bus, cluster);
        for (const run of runs) expect((await taker.take()).address).toEqual(run);
      }));

    test("a run that is queued, leased or given back is not queued again", () =>
      play({ ownClusters: true }, async ({ bus, other, cluster }) => {
        const run = createAddress(cluster);
        const taker = createTaker(other, cluster);
        await Promise.all(range(20).map((i) => (i % 2 === 0 ? bus : other).requests.place(run, toBytes("go"))));
        const lease = await taker.take();
        await bus.requests.place(run, toBytes("again"));
        await lease.release(200);
        await bus.requests.place(run, toBytes("again"));
        const again = await taker.take();
        expect(toText(again.data)).toBe("go");
        await again.finish();
        const next = createAddress(cluster);
        await bus.requests.place(next, toBytes("next"));
        expect((await taker.take()).address).toEqual(next);
      }));

    test("each cluster has its own", () =>
      play({ ownClusters: true }, async ({ bus, cluster, otherCluster }) => {
        const [mine, theirs] = [createAddress(cluster), createAddress(otherCluster)];
        const taken = createTaker(bus, cluster).take();
        await bus.requests.place(theirs, toBytes("theirs"));
        await bus.requests.place(mine, toBytes("mine"));
        expect((await taken).address).toEqual(mine);
        expect((await createTaker(bus, otherCluster).take()).address).toEqual(theirs);
      }));

    test("a lease that isn't renewed goes to another, who knows that somebody held it before", () =>
      play(shortLease, async ({ bus, other, cluster }) => {
        await bus.requests.place(createAddress(cluster), toBytes("go"));
        const first = await createTaker(bus, cluster).take();
        const start = performance.now();
        const second = await createTaker(other, cluster).take();
        expect(performance.now() - start).toBeGreaterThan(leaseMilliseconds / 2);
        expect(second.address).toEqual(first.address);
        expect(second.deliveries).toBe(2);
        expect((await createTaker(bus, cluster).take()).deliveries).toBe(3);
      }));

    test("a lease that is renewed stays, however long", () =>
      play(shortLease, async ({ bus, other, cluster }) => {
        await bus.requests.place(createAddress(cluster), toBytes("go"));
        const lease = await createTaker(bus, cluster).take();
        const start = performance.now();
        const stolen = createTaker(other, cluster)
          .take()
          .then(({ deliveries }) => ({ deliveries, after: performance.now() - start }));
        while (performance.now() - start < 2 * leaseMilliseconds) {
          await lease.renew();
          await wait(leaseMilliseconds / 10);
        }
        const { deliveries, after } = await stolen;
        expect(after).toBeGreaterThan(2.5 * leaseMilliseconds);
        expect(deliveries).toBe(2);
      }));

    test("one that is given back goes to another at once, or after the delay", () =>
      play({ ownClusters: true }, async ({ bus, other, cluster }) => {
        await bus.requests.place(createAddress(cluster), toBytes("go"));
        const [taker, otherTaker] = [createTaker(bus, cluster), createTaker(other, cluster)];
        await (await taker.take()).release(0);
        const second = await otherTaker.take();
        expect(second.deliveries).toBe(2);
        const start = performance.now();
        await second.release(400);
        expect((await taker.take()).deliveries).toBe(3);
        expect(performance.now() - start).toBeGreaterThan(350);
      }));

    test("one that is finished never comes back; finishing twice is fine, renewing and releasing then do nothing", () =>
      play(shortLease, async ({ bus, cluster }) => {
        const taker = createTaker(bus, cluster);
        await bus.requests.place(createAddress(cluster), toBytes("go"));
        const lease = await taker.take();
        await lease.finish();
        await lease.finish();
        await lease.renew();
        await lease.release(0);
        // Its own lease must run out before the finished one could no longer come back.
        const next = createAddress(cluster);
        await bus.requests.place(next, toBytes("next"));
        for (const deliveries of [1, 2, 3]) expect(await taker.take()).toMatchObject({ address: next, deliveries });
      }));

    test("a run that was finished can be placed anew", () =>
      play({ ownClusters: true }, async ({ bus, cluster }) => {
        const run = createAddress(cluster);
        const taker = createTaker(bus, cluster);
        await bus.requests.place(run, toBytes("one"));
        await (await taker.take()).finish();
        await bus.requests.place(run, toBytes("two"));
        const lease = await taker.take();
        expect([toText(lease.data), lease.deliveries]).toEqual(["two", 1]);
      }));

    test("who has lost a lease takes it from nobody by renewing or releasing it", () =>
      play(shortLease, async ({ bus, other, cluster }) => {
        await bus.requests.place(createAddress(cluster), toBytes("go"));
        const lost = await createTaker(bus, cluster).take();
        const held = await createTaker(other, cluster).take();
        const start = performance.now();
        const third = createTaker(bus, cluster).take();
        await lost.renew();
        await lost.release(0);
        expect((await third).deliveries).toBe(held.deliveries + 1);
        expect(performance.now() - start).toBeGreaterThan(leaseMilliseconds / 2);
      }));

    test("who has lost a lease but stored the run's end finishes it for all", () =>
      play(shortLease, async ({ bus, other, cluster }) => {
        await bus.requests.place(createAddress(cluster), toBytes("go"));
        const lost = await createTaker(bus, cluster).take();
        const taker = createTaker(other, cluster);
        const held = await taker.take();
        await lost.finish();
        const next = createAddress(cluster);
        await bus.requests.place(next, toBytes("next"));
        for (const deliveries of [1, 2, 3]) expect(await taker.take()).toMatchObject({ address: next, deliveries });
        await held.finish();
      }));

    test("several who wait get one each", () =>
      play({ ownClusters: true }, async ({ bus, other, cluster }) => {
        const takers = [bus, other, bus, other].map((user) => createTaker(user, cluster));
        const taken = takers.map((taker) => taker.take());
        const runs = takers.map(() => createAddress(cluster));
        for (const run of runs) await bus.requests.place(run, toBytes("go"));
        const ids = (await Promise.all(taken)).map(({ address }) => address.runId);
        expect(ids.sort()).toEqual(runs.map(({ runId }) => runId).sort());
      }));

    test("of many that are placed at once each goes to one of several, none twice", () =>
      play({ ownClusters: true }, async ({ bus, other, cluster }) => {
        const runs = range(100).map(() => createAddress(cluster));
        const taken: string[] = [];
        const takers = [bus, other, bus, other].map((user) => createTaker(user, cluster));
        const working = takers.map(async (taker) => {
          for (let lease = await taker.next(); lease !== undefined; lease = await taker.next()) {
            await lease.finish();
            if (taken.push(lease.address.runId) === runs.length) for (const each of takers) each.stop();
          }
        });
        await Promise.all(runs.map((run) => bus.requests.place(run, toBytes("go"))));
        await Promise.all(working);
        expect(taken.sort()).toEqual(runs.map(({ runId }) => runId).sort());
      }));

    test("whoever doesn't ask holds up nothing", () =>
      play({ ownClusters: true }, async ({ bus, other, cluster }) => {
        const full = createTaker(bus, cluster);
        await bus.requests.place(createAddress(cluster), toBytes("one"));
        await full.take();
        const next = createAddress(cluster);
        await bus.requests.place(next, toBytes("two"));
        expect(await createTaker(other, cluster).take()).toMatchObject({ address: next, deliveries: 1 });
      }));

    test("taking ends when its signal aborts, and what comes then goes to another", () =>
      play({ ownClusters: true }, async ({ bus, other, cluster }) => {
        const gone = createTaker(bus, cluster);
        const waiting = gone.next();
        gone.stop();
        expect(await waiting).toBeUndefined();
        expect(await gone.next()).toBeUndefined();
        const run = createAddress(cluster);
        await bus.requests.place(run, toBytes("go"));
        expect((await createTaker(other, cluster).take()).address).toEqual(run);
      }));

    test("an abort at the moment of a delivery loses nothing", () =>
      play({ ownClusters: true }, async ({ bus, other, cluster }) => {
        const taken: string[] = [];
        const runs = range(40).map(() => createAddress(cluster));
        const patient = createTaker(other, cluster);
        for (const run of runs) {
          const hasty = createTaker(bus, cluster);
          const asking = hasty.next();
          const placing = other.requests.place(run, toBytes("go"));
          if (taken.length % 2 === 0) await placing;
          hasty.stop();
          await placing;
          const lease = (await asking) ?? (await patient.take());
          await lease.finish();
          taken.push(lease.address.runId);
        }
        expect(taken.sort()).toEqual(runs.map(({ runId }) => runId).sort());
      }));

    test("requests are any bytes, up to the largest payload; a larger one is refused and not queued", () =>
      play({ ownClusters: true }, async ({ bus, cluster }) => {
        const refused = bus.requests.place(createAddress(cluster), new Uint8Array(largestPayload + 1));
        await expect(refused).rejects.toThrow(MessageTooLarge);
        const taker = createTaker(bus, cluster);
        for (const data of [new Uint8Array(), new Uint8Array(largestPayload).fill(7)]) {
          await bus.requests.place(createAddress(cluster), data);
          const lease = await taker.take();
          expect(Buffer.compare(lease.data, data)).toBe(0);
        }
      }));

    test.each(["*", ">", "a.b", "", "a b"])("requests of a cluster named %j are refused", (cluster) =>
      play({ ownClusters: true }, async ({ bus }) => {
        await expect(bus.requests.place(createAddress(cluster), toBytes("go"))).rejects.toThrow(TypeError);
        await expect(createTaker(bus, cluster).next()).rejects.toThrow(TypeError);
      }),
    );
  });
}
