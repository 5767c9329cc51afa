import { createMemoryBus } from "../../src/bus/memory/memory-bus.ts";
import { describeBus } from "./describe-bus.ts";

describeBus("the bus in memory", async ({ leaseMilliseconds, logBytes } = {}) => {
  const bus = createMemoryBus({
    ...(leaseMilliseconds === undefined ? {} : { leaseMilliseconds }),
    ...(logBytes === undefined ? {} : { maxLogBytes: logBytes }),
  });
  return { bus, other: bus, cluster: "local", otherCluster: "elsewhere", close: () => bus.close() };
});
