/** An agent that is given its rights late, as by a Role that is applied after its Deployment. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { KubeConfig, RbacAuthorizationV1Api } from "@kubernetes/client-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import { buildRun } from "../launcher/build-run.ts";
import { awaitEnd } from "../launcher/follow-run.ts";
import { waitUntil } from "../support/wait-until.ts";
import { openLauncherPlace, type LauncherPlace } from "./support/launcher-place.ts";

const name = "late";
const roleFile = join(import.meta.dirname, "../../k8s-agent/deploy/runs/role.yaml");

interface Rule {
  readonly apiGroups: string[];
  readonly resources: string[];
  readonly verbs: string[];
}

let place: LauncherPlace;
let rules: readonly Rule[];

beforeAll(async () => {
  place = await openLauncherPlace();
  ({ rules } = parse(await readFile(roleFile, "utf8")) as { rules: Rule[] });
});
afterAll(() => place.close());

/** The account that pods have, as it comes in with a token of its own. */
async function logIn(): Promise<KubeConfig> {
  const { core, namespace, kubeConfig: owner } = place.stage;
  const body = { spec: { audiences: [], expirationSeconds: 3600 } };
  const { status } = await core.createNamespacedServiceAccountToken({ namespace, name: "default", body });
  const cluster = owner.getCurrentCluster();
  if (cluster === null || status === undefined) throw new Error("Cannot log in: there is no cluster, or no token");
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromOptions({
    clusters: [cluster],
    users: [{ name, token: status.token }],
    contexts: [{ name, cluster: cluster.name, user: name, namespace }],
    currentContext: name,
  });
  return kubeConfig;
}

async function allow(allowed: readonly Rule[]): Promise<void> {
  const { kubeConfig, namespace } = place.stage;
  const rbac = kubeConfig.makeApiClient(RbacAuthorizationV1Api);
  const body = { metadata: { name }, rules: [...allowed] };
  await rbac.replaceNamespacedRole({ name, namespace, body });
}

test("a run that it may not launch yet may be launched once it has its Role", async () => {
  const { kubeConfig: owner, namespace } = place.stage;
  const rbac = owner.makeApiClient(RbacAuthorizationV1Api);
  const withoutJobs = rules.map((rule) => ({ ...rule, verbs: rule.verbs.filter((verb) => verb !== "create") }));
  await rbac.createNamespacedRole({ namespace, body: { metadata: { name }, rules: withoutJobs } });
  const body = {
    metadata: { name },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name },
    subjects: [{ kind: "ServiceAccount", name: "default", namespace }],
  };
  await rbac.createNamespacedRoleBinding({ namespace, body });

  const { launcher } = place.create({ kubeConfig: await logIn() });
  const run = buildRun({ image: place.image, script: "echo done" });
  const first = await launcher.launch(run);
  const ask = (what: string) =>
    `the agent needs that right: kubectl auth can-i create ${what} --namespace ${namespace} --as system:serviceaccount:${namespace}:default`;
  expect(first).toMatchObject({ kind: "refused", mayPass: true, message: expect.stringContaining(ask("secrets")) });

  await allow(
    rules.map((rule) => (rule.resources.includes("jobs") ? { ...rule, verbs: ["get", "list", "watch"] } : rule)),
  );
  const asksForJobs = async () => {
    const launched = await launcher.launch(run);
    return launched.kind === "refused" && launched.message.includes(ask("jobs.batch")) && launched.mayPass;
  };
  await waitUntil("it is Jobs that it may not make", asksForJobs);

  await allow(rules);
  await waitUntil("it may launch", async () => (await launcher.launch(run)).kind === "launched");
  expect((await awaitEnd(launcher, run.order.runId)).ended.cause).toEqual({ kind: "exited", exitCode: 0 });
  await launcher.remove(run.order.runId);
});
