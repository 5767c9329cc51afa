/** When a launch is let go, with an API that the test plays: the real one is asked in test/cluster. */
import { expect, test } from "vitest";
import { buildRunWith, collectorKey, settings } from "../../job/workloads.fixture.ts";
import type { ClusterApi } from "../api/cluster-api.ts";
import type { WorkloadStore } from "../workloads/workload-store.ts";
import { launchRun } from "./launch-run.ts";

const lost = new Error("Another replica has the run");

/** Launches a run that is lost at one of the calls. */
async function launch(lostAt: "at first" | "createSecret" | "never") {
  const calls: string[] = [];
  let isLost = lostAt === "at first";
  const api: Partial<ClusterApi> = {
    async createSecret() {
      calls.push("createSecret");
      isLost ||= lostAt === "createSecret";
      return { kind: "created", uid: "1" };
    },
    async createJob() {
      calls.push("createJob");
      return { kind: "created", uid: "2" };
    },
  };
  const store: Partial<WorkloadStore> = {
    ready: async () => undefined,
    get: () => ({ job: calls.includes("createJob") ? {} : undefined, pods: [], warnings: [] }),
    subscribe: () => () => undefined,
  };
  const launched = launchRun(buildRunWith({}), {
    api: api as ClusterApi,
    store: store as WorkloadStore,
    settings,
    collectorKey,
    mustExist: false,
    signal: AbortSignal.timeout(20_000),
    throwIfLost() {
      if (isLost) throw lost;
    },
  });
  const [outcome] = await Promise.allSettled([launched]);
  return { calls, outcome };
}

test("a run that another replica may have is not launched, also when that was only while its Secret was made", async () => {
  const rejected = { status: "rejected", reason: lost };
  expect(await launch("at first")).toEqual({ calls: [], outcome: rejected });
  expect(await launch("createSecret")).toEqual({ calls: ["createSecret"], outcome: rejected });
  expect(await launch("never")).toMatchObject({
    calls: ["createSecret", "createJob"],
    outcome: { value: { kind: "launched" } },
  });
});
