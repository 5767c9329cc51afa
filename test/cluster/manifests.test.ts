/** A real API server takes every manifest of ours as it is, and a real kubelet means what a request says. */
import type { V1Pod } from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ownJob } from "../../k8s-agent/job/build-workload.ts";
import { buildRunWith, mustBuild, runs } from "../../k8s-agent/job/workloads.fixture.ts";
import { waitUntil } from "../support/wait-until.ts";
import { openClusterStage, type ClusterStage } from "./support/cluster-stage.ts";
import { mainImage } from "./support/helper-pod.ts";

let stage: ClusterStage;
beforeAll(async () => {
  stage = await openClusterStage();
});
afterAll(async () => stage.close());

/** As the agent of the stage's namespace builds it. */
const build = (run: Parameters<typeof mustBuild>[0]) => {
  const { job, ...inputs } = run.inputs.values;
  const values = { ...inputs, job: { ...job, namespace: stage.namespace } };
  return mustBuild({ ...run, inputs: { ...run.inputs, values } }, { namespaces: [stage.namespace] });
};

describe("the API server takes", () => {
  test.for(Object.entries(runs))("%s", async ([, run]) => {
    const { secret, job } = build(run);
    const { namespace } = stage;
    const kept = await stage.core.createNamespacedSecret({ namespace, body: secret, dryRun: "All" });
    expect(kept.metadata?.name).toBe(secret.metadata?.name);
    const owned = ownJob(job, { name: "run", uid: "7f1f0d2c-8c5e-4b59-9b7e-0d1f4c1f2a3b" });
    const made = await stage.batch.createNamespacedJob({ namespace, body: owned, dryRun: "All" });
    expect(made.spec?.template.spec?.initContainers?.map(({ name }) => name)).toEqual(
      job.spec?.template.spec?.initContainers?.map(({ name }) => name),
    );
    // What the server fills in comes on top; nothing of ours is dropped that it knows.
    expect(made.spec?.template.spec?.containers[0]).toMatchObject(job.spec?.template.spec?.containers[0] ?? {});
  });
});

test("main gets variables, arguments and secrets as the request has them, dollar signs and all", async () => {
  const texts = ["$(ACTION)", "pa$$word", "$$(A)$$$", "${HOME}", "$"];
  const variables = Object.fromEntries(texts.map((text, index) => [`V${index}`, text]));
  // Its own environment as it was started: a shell passes no name with a hyphen on.
  const script = `printf "%s\\n" "$@"; tr "\\0" "\\n" < /proc/$$/environ | grep -E "^(V[0-9]|S|X-y.z)=" | sort`;
  const run = buildRunWith(
    { image: mainImage, command: ["sh", "-c", script, "sh"], args: texts, variables },
    { secrets: { job: { variables: { S: "$(ACTION) $$", "X-y.z": "hyphen" } } } },
  );
  const { secret, job } = build(run);
  await stage.core.createNamespacedSecret({ namespace: stage.namespace, body: secret });
  await stage.core.createNamespacedPod({ namespace: stage.namespace, body: toMainAlone(job.spec?.template ?? {}) });

  const pod = { namespace: stage.namespace, name: "main-alone" };
  const look = async () => {
    const { status } = await stage.core.readNamespacedPod(pod);
    return status?.containerStatuses?.[0]?.state?.terminated;
  };
  await waitUntil("main has ended", look, { seconds: 120 });
  const log = await stage.core.readNamespacedPodLog(pod);
  expect(log.trimEnd().split("\n")).toEqual([
    ...texts,
    "S=$(ACTION) $$",
    ...texts.map((text, index) => `V${index}=${text}`),
    "X-y.z=hyphen",
  ]);
});

/** The pod without its helpers, whose image this test needs not. */
function toMainAlone({ metadata, spec }: V1Pod): V1Pod {
  const { containers = [], volumes = [], securityContext = {} } = spec ?? {};
  return {
    metadata: { name: "main-alone", labels: metadata?.labels ?? {} },
    spec: { containers, volumes, securityContext, restartPolicy: "Never" },
  };
}
