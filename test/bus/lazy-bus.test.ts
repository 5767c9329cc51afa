import { createLazyBus } from "../../src/bus/lazy-bus.ts";
import { createMemoryBus } from "../../src/bus/memory/memory-bus.ts";
import { describeBus } from "./describe-bus.ts";

describeBus("a bus that is opened when it is needed", async ({ leaseMilliseconds, logBytes } = {}) => {
  const open = async () => ({
    bus: createMemoryBus({
      ...(leaseMilliseconds === undefined ? {} : { leaseMilliseconds }),
      ...(logBytes === undefined ? {} : { maxLogBytes: logBytes }),
    }),
    lost: new Promise(() => {}),
  });
  const bus = createLazyBus({ open, patienceMilliseconds: 900 });
  return { bus, other: bus, cluster: "local", otherCluster: "elsewhere", close: () => bus.close() };
});
