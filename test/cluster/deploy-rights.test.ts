/**
 * What the manifests of k8s-agent/deploy are, and what they let the agent do: all of it as `kubectl auth can-i --list` has it,
 * and right by right as `kubectl auth can-i` asks (a SubjectAccessReview).
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { AuthorizationV1Api, type V1PodTemplateSpec } from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as v from "valibot";
import { listBreaches } from "../../k8s-agent/job/restricted.fixture.ts";
import { isJsonObject } from "../../src/contract/json.ts";
import { loadKubeConfig } from "./support/cluster-stage.ts";
import { helperImage } from "./support/helper-pod.ts";
import {
  agentName,
  nameImage,
  openCheckout,
  readBlocks,
  readInstallPage,
  type Checkout,
  type Manifest,
} from "./support/install.ts";

const secret = "a-secret-of-the-agent";

let checkout: Checkout;
let manifests: Manifest[];
let team: Manifest[];
let isolated: Manifest[];
const reviews = loadKubeConfig().makeApiClient(AuthorizationV1Api);

beforeAll(async () => {
  checkout = await openCheckout();
  const directory = join(checkout.local, "clusters/prod");
  await mkdir(join(directory, "team-a"), { recursive: true });
  for (const name of ["nats.creds", "keys.json", "front-doors.json"]) await writeFile(join(directory, name), secret);
  const variables = "CLUSTER=prod\nCLUSTER_KEYS_FILE=/home/somebody/keys.json\nNATS_URL=nats://10.0.0.1:4222\n";
  await writeFile(join(directory, "agent.env"), variables);
  await checkout.runBlock("copy");
  await nameImage(join(directory, "kustomization.yaml"));
  manifests = await checkout.render(".local/clusters/prod");
  await writeFile(join(directory, "team-a/kustomization.yaml"), checkout.getBlock("team"));
  team = await checkout.render(".local/clusters/prod/team-a");
  isolated = await checkout.render("k8s-agent/deploy/isolated-runs");
  // Nothing runs here: rights need no Deployment.
  const kinds = ["Namespace", "ServiceAccount", "Role", "RoleBinding"];
  await checkout.apply(manifests.filter(({ kind }) => kinds.includes(kind)));
});
afterAll(() => checkout.close());

function find(kind: string, among: readonly Manifest[] = manifests): Manifest {
  const [found, ...others] = among.filter((one) => one.kind === kind);
  if (found === undefined || others.length > 0) throw new Error(`Cannot find one ${kind}: ${others.length} others`);
  return found;
}

function readTemplate(): V1PodTemplateSpec {
  const isTemplate = v.custom<V1PodTemplateSpec>(isJsonObject);
  return v.parse(v.object({ spec: v.object({ template: isTemplate }) }), find("Deployment")).spec.template;
}

describe("the agent's Deployment", () => {
  test("obeys the Pod Security Standard restricted, which its namespaces ask for", () => {
    expect(listBreaches(readTemplate())).toEqual([]);
    const asked = manifests.filter(({ kind }) => kind === "Namespace").map(({ metadata }) => metadata);
    const labels = { "pod-security.kubernetes.io/enforce": "restricted" };
    expect(asked).toEqual([
      { name: "container-driver", labels },
      { name: "container-driver-runs", labels },
    ]);
  });

  test("runs helpers of its own image, and has its secrets in files alone", () => {
    const [agent] = readTemplate().spec?.containers ?? [];
    expect(agent?.image).toBe(helperImage);
    expect(agent?.env).toContainEqual({ name: "HELPER_IMAGE", value: helperImage });
    expect(agent?.env?.every(({ valueFrom }) => valueFrom === undefined)).toBe(true);
    expect(agent?.envFrom?.every(({ secretRef }) => secretRef === undefined)).toBe(true);
    expect([agent?.command, agent?.args]).toEqual([undefined, undefined]);
    const others = manifests.filter(({ kind }) => kind !== "Secret");
    expect(JSON.stringify(others)).not.toContain(Buffer.from(secret).toString("base64"));
    expect(JSON.stringify(others)).not.toContain(secret);
  });

  test("finds configuration and secrets under the names that Kustomize gives them", () => {
    const { containers = [], volumes = [] } = readTemplate().spec ?? {};
    const named = (kind: string) => find(kind).metadata.name;
    expect(containers[0]?.envFrom).toEqual([{ configMapRef: { name: named("ConfigMap") } }]);
    expect(volumes.map((one) => one.secret?.secretName)).toEqual([named("Secret")]);
    const paths = containers[0]?.env?.filter(({ value }) => value?.startsWith("/")).map(({ value }) => value);
    const directory = containers[0]?.volumeMounts?.[0]?.mountPath ?? "";
    const files = Object.keys(v.parse(v.looseObject({}), find("Secret")["data"])).map((name) => join(directory, name));
    expect(new Set(paths)).toEqual(new Set(files));
  });
});

describe("a namespace for runs", () => {
  test("of another name has the same agent's Role", () => {
    const places = team.map(({ kind, metadata: { name, namespace } }) => [kind, namespace ?? name]);
    expect(places).toEqual(["Namespace", "Role", "RoleBinding"].map((kind) => [kind, "team-a"]));
    expect(find("Role", team)["rules"]).toEqual(find("Role")["rules"]);
    expect(find("RoleBinding", team)["subjects"]).toEqual([
      { kind: "ServiceAccount", name: agentName, namespace: "container-driver" },
    ]);
  });

  test("with a firewall denies everything that isn't listed, and is taken by the cluster", async () => {
    const policies = isolated.filter(({ kind }) => kind === "NetworkPolicy");
    const everything = { podSelector: {}, policyTypes: ["Ingress", "Egress"] };
    expect(policies.find(({ metadata }) => metadata.name === "default-deny")).toMatchObject({ spec: everything });
    expect(policies).toHaveLength(2);
    await checkout.apply(policies);
  });
});

/** What the agent may do, beyond what every service account may: verbs by resource. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  secrets: ["create", "get", "delete"],
  "jobs.batch": ["create", "get", "patch", "list", "watch"],
  pods: ["list", "watch", "delete"],
  "pods/log": ["get"],
  events: ["list", "watch"],
};

/** What would hurt most, in the namespace of runs. */
const denied: Readonly<Record<string, readonly string[]>> = {
  secrets: ["list", "watch", "update", "patch", "deletecollection"],
  "jobs.batch": ["delete", "update", "deletecollection"],
  pods: ["create", "get", "update", "patch", "deletecollection"],
  "pods/exec": ["create", "get"],
  "pods/attach": ["create", "get"],
  "pods/portforward": ["create", "get"],
  "pods/ephemeralcontainers": ["patch", "update"],
  "serviceaccounts/token": ["create"],
  serviceaccounts: ["get", "list", "impersonate"],
  "roles.rbac.authorization.k8s.io": ["create", "bind", "escalate"],
  "rolebindings.rbac.authorization.k8s.io": ["create"],
  configmaps: ["get", "list"],
  "deployments.apps": ["create", "patch"],
  events: ["create"],
};

const list = (table: typeof allowed) =>
  Object.entries(table).flatMap(([resource, verbs]) => verbs.map((verb) => `${verb} ${resource}`));

/** All that an account may do in a namespace, what it may do in the whole cluster included, as `verb resource`. */
async function listRights(account: string, namespace: string): Promise<Set<string>> {
  const listed = await checkout.kubectl(["auth", "can-i", "--list", "--no-headers", "-n", namespace, "--as", account]);
  const rights = listed.split("\n").flatMap((line) => {
    const [, what = "", verbs = ""] = /^(.*?)\s+\[([^[]*)\]$/.exec(line.trimEnd()) ?? [];
    return verbs.split(" ").map((verb) => `${verb} ${what.replace(/( +\[\])+$/, "")}`);
  });
  return new Set(rights.filter((right) => right.trim() !== ""));
}

/** What `kubectl auth can-i` asks; a namespace that is empty is the cluster as a whole. */
async function mayDo(
  account: string,
  { verb, resource, namespace }: Record<"verb" | "resource" | "namespace", string>,
) {
  const [path = "", ...group] = resource.split(".");
  const [plural = "", subresource = ""] = path.split("/");
  const resourceAttributes = { verb, group: group.join("."), resource: plural, subresource, namespace };
  const body = {
    spec: { user: account, groups: ["system:serviceaccounts", "system:authenticated"], resourceAttributes },
  };
  return (await reviews.createSubjectAccessReview({ body })).status?.allowed;
}

describe("the agent's rights", () => {
  test("are its table in the namespace of runs, and nothing anywhere else", async () => {
    const { agent, runs } = checkout.namespaces;
    const account = `system:serviceaccount:${agent}:${agentName}`;
    const anybody = await listRights("system:serviceaccount:default:nobody", runs);
    expect(anybody).toContain("create selfsubjectaccessreviews.authorization.k8s.io");
    const beyond = async (namespace: string) => [...(await listRights(account, namespace)).difference(anybody)].sort();
    expect(await beyond(runs)).toEqual(list(allowed).sort());
    for (const elsewhere of [agent, "default", "kube-system"]) expect(await beyond(elsewhere), elsewhere).toEqual([]);
  });

  test.each([...list(allowed).map((right) => [right, true]), ...list(denied).map((right) => [right, false])] as const)(
    "may it %s? %s",
    async (right, isAllowed) => {
      const { agent, runs } = checkout.namespaces;
      const account = `system:serviceaccount:${agent}:${agentName}`;
      const [verb = "", resource = ""] = String(right).split(" ");
      expect(await mayDo(account, { verb, resource, namespace: runs })).toBe(isAllowed);
      for (const namespace of [agent, ""]) expect(await mayDo(account, { verb, resource, namespace })).toBe(false);
    },
  );

  test("are what docs/install.md lists", async () => {
    const text = await readInstallPage();
    for (const [resource, all] of Object.entries(allowed))
      expect(text).toMatch(new RegExp(`\\| \`${resource.replace(".batch", "")}\` +\\| ${all.join(", ")} +\\|`));
  });
});

test("no marked block of docs/install.md goes untested", async () => {
  expect([...(await readBlocks()).keys()].sort()).toEqual(["add", "apply", "copy", "team", "wait"]);
});
