/**
 * `npm run test:cluster`: the tests that need a Kubernetes cluster, against whatever `KUBECONFIG` points at. `npm run
 * test:outages`: those that take parts of it away, with `STOP_API_SERVER`, `START_API_SERVER`, `STOP_KUBELET` and
 * `START_KUBELET`, shell commands.
 */
import { defineConfig } from "vitest/config";
import base from "./vitest.config.ts";

const inCi = process.env["CI"] === "true";
const outages = process.env["OUTAGES"] === "true";

export default defineConfig({
  test: {
    // Not merged: lists would be added to one another, and all other tests would run once more.
    ...base.test,
    include: [outages ? "test/cluster/outages/*.test.ts" : "test/cluster/{*,!(outages)/**/*}.test.ts"],
    // Pods start slowly where many tests start some; meanwhile two test files can wait side by side.
    testTimeout: 240_000,
    maxWorkers: outages ? 1 : 2,
    // A node on the machine that tests it stands still at times. The report shows what passed only another time.
    retry: inCi ? 3 : 0,
  },
});
