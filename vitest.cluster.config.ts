/** `npm run test:cluster`: the tests that need a Kubernetes cluster, against whatever `KUBECONFIG` points at. */
import { defineConfig, mergeConfig } from "vitest/config";
import base from "./vitest.config.ts";

export default mergeConfig(
  base,
  defineConfig({
    test: {
      include: ["test/cluster/**/*.test.ts"],
      // Pods start slowly where many tests start some.
      testTimeout: 240_000,
    },
  }),
);
