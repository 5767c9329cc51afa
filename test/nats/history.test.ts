/** What a list of runs costs on a real broker: the same however many runs there have been. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { createNatsBus } from "../../src/bus/nats/nats-bus.ts";
import { provision, provisionCluster } from "../../src/bus/nats/provision.ts";
import { listRuns } from "../../src/runs/list/list-runs.ts";
import { createWriter } from "../runs/stage.ts";
import { range } from "../bus/stage.ts";
import { connectTo } from "./nats-stage.ts";
import { startNatsServer } from "./server.ts";

const server = await startNatsServer();
const connection = await connectTo(server);
const bus = createNatsBus({ connection, timeoutMilliseconds: 10_000 });

beforeAll(async () => {
  await provision(connection);
  for (const [cluster, count] of [
    ["few", 60],
    ["many", 600],
  ] as const) {
    await provisionCluster(connection, cluster);
    const { run } = createWriter(bus);
    for (const _ of range(count / 20))
      await Promise.all(range(20).map(() => run(cluster, ["requested", "accepted", "succeeded"])));
  }
}, 60_000);
afterAll(async () => {
  await bus.close();
  await connection.close();
  await server.close();
});

/** Messages that came in while something was done. */
async function countMessages(work: () => Promise<unknown>): Promise<number> {
  const before = connection.stats().inMsgs;
  await work();
  return connection.stats().inMsgs - before;
}

test("the first page reads as much after 60 runs as after 600", async () => {
  const [few, many] = await Promise.all(
    ["few", "many"].map(async (cluster) => {
      const viewer = { clusters: [cluster], seesDriver: () => true };
      return listRuns({ events: bus.events, viewer, filter: {}, limit: 20 });
    }),
  );
  expect([few?.runs.length, many?.runs.length]).toEqual([20, 20]);
  const cost = (cluster: string) =>
    countMessages(() =>
      listRuns({ events: bus.events, viewer: { clusters: [cluster], seesDriver: () => true }, filter: {}, limit: 20 }),
    );
  const [first, second] = [await cost("few"), await cost("many")];
  expect(second).toBeLessThanOrEqual(first + 64);
  expect(second).toBeLessThan(300);
});
