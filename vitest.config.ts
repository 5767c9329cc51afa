import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["{src,adapters,k8s-agent,test}/**/*.test.ts"],
    // Two cores: processes that tests start need room beside the workers.
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
