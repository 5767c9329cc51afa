import { defineConfig } from "vitest/config";

const inCi = process.env["CI"] === "true";

export default defineConfig({
  test: {
    include: ["{src,adapters,k8s-agent}/**/*.test.ts", "test/!(cluster)/**/*.test.ts", "test/*.test.ts"],
    // Tests start brokers, agents and runtimes of their own: on two cores these need room beside the workers.
    maxWorkers: inCi ? 1 : 2,
    // Bounds for what hangs, not measures of speed: shared machines are slow at times.
    testTimeout: 120_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 30_000 } },
    // Where a neighbour can take the processor away for seconds. The report shows what passed only the second time.
    retry: inCi ? 1 : 0,
  },
});
