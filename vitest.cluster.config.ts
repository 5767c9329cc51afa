/** `npm run test:cluster`: the tests that need a Kubernetes cluster, against whatever `KUBECONFIG` points at. */
import { defineConfig, mergeConfig } from "vitest/config";
import base from "./vitest.config.ts";

const inCi = process.env["CI"] === "true";

export default mergeConfig(
  base,
  defineConfig({
    test: {
      include: ["test/cluster/**/*.test.ts"],
      // Pods start slowly where many tests start some; meanwhile two test files can wait side by side.
      testTimeout: 240_000,
      maxWorkers: 2,
      // A node on the machine that tests it stands still at times. The report shows what passed only another time.
      retry: inCi ? 3 : 0,
    },
  }),
);
