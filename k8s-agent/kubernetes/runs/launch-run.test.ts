/** When a launch is let go, and what is made of a refusal, with an API that the test plays: the real one is asked in test/cluster. */
import { describe, expect, test } from "vitest";
import { buildRunWith, collectorKey, settings } from "../../job/workloads.fixture.ts";
import { ApiRefusal, type ClusterApi } from "../api/cluster-api.ts";
import type { WorkloadStore } from "../workloads/workload-store.ts";
import { createScriptedCluster } from "./cluster.fixture.ts";
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

/** As a real API server words them. */
const forbidden = (sentence: string) => ({ status: 403, reason: "Forbidden", message: sentence });
const noRight =
  'jobs.batch is forbidden: User "system:serviceaccount:cd:agent" cannot create resource "jobs" in API group "batch" in the namespace "runs"';
const noRightToSecrets =
  'secrets is forbidden: User "me" cannot create resource "secrets" in API group "" in the namespace "runs": RBAC: role.rbac.authorization.k8s.io "agent" not found';

describe("a Job that is refused", () => {
  async function launchRefused(
    call: "createSecret" | "createJob",
    status: ConstructorParameters<typeof ApiRefusal>[1],
  ) {
    const { api, store, answer, asked } = createScriptedCluster();
    answer({ [call]: () => Promise.reject(new ApiRefusal("create it", status)) });
    const { signal } = new AbortController();
    return {
      launched: await launchRun(buildRunWith({}), { api, store, settings, collectorKey, mustExist: false, signal }),
      asked,
    };
  }

  test.each([
    ["createJob", noRight, "kubectl auth can-i create jobs.batch --namespace runs --as system:serviceaccount:cd:agent"],
    ["createSecret", noRightToSecrets, "kubectl auth can-i create secrets --namespace runs --as me"],
  ] as const)(
    "by the agent's own rights at %s may pass, and it is told how to ask for them",
    async (call, sentence, ask) => {
      const { launched, asked } = await launchRefused(call, forbidden(sentence));
      const message = `Cannot create it: ${sentence}; the agent needs that right: ${ask}`;
      const evidence = { status: 403, reason: "Forbidden" };
      expect(launched).toEqual({ kind: "refused", mayPass: true, message, evidence });
      expect(asked.at(-1)).toBe("deleteSecret");
    },
  );

  test("because the agent's token isn't known may pass", async () => {
    const status = { status: 401, reason: "Unauthorized", message: "Unauthorized" };
    const { launched } = await launchRefused("createSecret", status);
    const message = "Cannot create it: Unauthorized; the API server does not accept the agent's credentials";
    expect(launched).toMatchObject({ kind: "refused", mayPass: true, message, evidence: { status: 401 } });
  });

  test.each([
    ["quota-exceeded", 'jobs.batch "x" is forbidden: exceeded quota: none, requested: count/jobs.batch=1, limited: 0'],
    ["admission-refused", 'admission webhook "a.b.c" denied the request: not on Fridays'],
    ["admission-refused", 'admission webhook "a.b.c" denied the request: User "you" cannot create resource "jobs"'],
    ["admission-refused", 'pods "x" is forbidden: violates PodSecurity "restricted:latest": privileged'],
    [
      "admission-refused",
      'secrets "x" is forbidden: unable to create new content in namespace runs because it is being terminated',
    ],
  ])("by a rule of the cluster's is the run's own failure: %s", async (reason, sentence) => {
    const { launched } = await launchRefused("createJob", forbidden(sentence));
    expect(launched).toMatchObject({ kind: "refused", reason });
    expect(launched).not.toHaveProperty("mayPass");
  });

  test("as there is no such namespace is the run's own failure", async () => {
    const status = { status: 404, reason: "NotFound", message: 'namespaces "none" not found' };
    const { launched } = await launchRefused("createSecret", status);
    expect(launched).toEqual({
      kind: "refused",
      message: `Cannot create it: ${status.message}`,
      evidence: { status: 404, reason: "NotFound" },
    });
  });
});
