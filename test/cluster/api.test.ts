import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import { join } from "node:path";
import { KubeConfig, RbacAuthorizationV1Api, type V1Secret } from "@kubernetes/client-node";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ApiRefusal } from "../../k8s-agent/kubernetes/api/cluster-api.ts";
import { createClusterApi, type ClusterClient } from "../../k8s-agent/kubernetes/api/create-cluster-api.ts";
import { annotations } from "../../k8s-agent/job/names.ts";
import { createTemporaryDirectory } from "../support/temporary-directory.ts";
import { settleWithin, waitUntil } from "../support/wait-until.ts";
import { startApiProxy, type ApiProxy } from "./support/api-proxy.ts";
import { buildScriptJob, createRunId } from "./support/build-objects.ts";
import { openClusterStage, silentLogger, type ClusterStage } from "./support/cluster-stage.ts";

let stage: ClusterStage;
let proxy: ApiProxy;
/** By way of the proxy, and less patient than an agent's. */
let api: ClusterClient;
let ending: AbortController;

beforeAll(async () => {
  stage = await openClusterStage();
});

afterAll(async () => {
  await stage.close();
});

beforeEach(async () => {
  ending = new AbortController();
  proxy = await startApiProxy(stage.kubeConfig);
  api = createClient(proxy);
});

afterEach(async () => {
  ending.abort(new Error("the test is over"));
  await api.close();
  await proxy.close();
});

interface Patience {
  readonly kubeConfig: ApiProxy["kubeConfig"];
  readonly attemptMilliseconds?: number;
}

function createClient({ kubeConfig, attemptMilliseconds = 10_000 }: Patience): ClusterClient {
  const pauses = { firstMilliseconds: 20, mostMilliseconds: 200 };
  return createClusterApi({ kubeConfig, logger: silentLogger, random: Math.random, pauses, attemptMilliseconds });
}

let count = 0;

function buildSecret(): V1Secret & { readonly metadata: { readonly namespace: string; readonly name: string } } {
  return {
    metadata: { namespace: stage.namespace, name: `secret-${++count}` },
    immutable: true,
    stringData: { key: "value" },
  };
}

const isCreate = ({ method }: { method: string }) => method === "POST";

async function catchRefusal(call: Promise<unknown>): Promise<ApiRefusal> {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof ApiRefusal) return error;
  throw new Error("Cannot see a refusal: there was none", { cause: error });
}

describe("what the server is asked for", () => {
  test("a Secret is created once, read, and deleted, twice if need be; each is one call", async () => {
    const { signal } = ending;
    const secret = buildSecret();
    const created = await api.createSecret(secret, signal);
    expect(created).toMatchObject({ kind: "created", uid: expect.stringMatching(/^[0-9a-f-]{36}$/) });
    expect(await api.createSecret(secret, signal)).toEqual({ kind: "exists" });
    const read = await api.readSecret(secret.metadata, signal);
    expect(read).toMatchObject({ metadata: created.kind === "created" ? { uid: created.uid } : {}, immutable: true });
    expect(read?.metadata?.creationTimestamp).toBeInstanceOf(Date);
    await api.deleteSecret(secret.metadata, signal);
    await api.deleteSecret(secret.metadata, signal);
    expect(await api.readSecret(secret.metadata, signal)).toBeUndefined();
    expect(Object.fromEntries(api.calls)).toEqual({ "create secrets": 2, "get secrets": 2, "delete secrets": 2 });
  });

  test("a name never becomes another path", async () => {
    const secret = buildSecret();
    await api.createSecret(secret, ending.signal);
    const { namespace, name } = secret.metadata;
    for (const hostile of [`${name}?pretty=true`, `${name}#`, `${name} `, `${name}&a=b`])
      expect(await api.readSecret({ namespace, name: hostile }, ending.signal), hostile).toBeUndefined();
    const asked = proxy.requests.length;
    for (const hostile of ["", ".", "..", `x/../${name}`, `${name}/`, `%2e%2e/secrets/${name}`]) {
      const refusal = await catchRefusal(api.deleteSecret({ namespace, name: hostile }, ending.signal));
      expect(refusal.message).toContain(`no object in Kubernetes can be called "${hostile}"`);
    }
    expect(proxy.requests).toHaveLength(asked);
  });

  test("a Job that is halted stays, and has no time left", async () => {
    const { namespace } = stage;
    const job = buildScriptJob({ namespace, cluster: "here", runId: createRunId(), script: "true", parallelism: 0 });
    const ref = { namespace, name: job.metadata?.name ?? "" };
    expect(await api.createJob(job, ending.signal)).toMatchObject({ kind: "created" });
    await api.haltJob({ ...ref, why: "a test" }, ending.signal);
    await api.haltJob(ref, ending.signal);
    const halted = await api.readJob(ref, ending.signal);
    expect(halted?.spec?.activeDeadlineSeconds).toBe(1);
    expect(halted?.metadata?.annotations).toMatchObject({ [annotations.halted]: "a test" });
    await api.haltJob({ namespace, name: "no-such-job" }, ending.signal);
  });

  test("a pod is deleted by its uid alone", async () => {
    const { namespace, core } = stage;
    const name = "pod-by-uid";
    const containers = [{ name: "main", image: "localhost/pause:1" }];
    // On a node that there isn't, nobody but us deletes it.
    const pod = await core.createNamespacedPod({
      namespace,
      body: { metadata: { name }, spec: { containers, nodeName: "none" } },
    });
    const { signal } = ending;
    await api.deletePod({ namespace, name, uid: "another" }, { graceSeconds: 0, signal });
    expect((await core.readNamespacedPod({ namespace, name })).metadata?.uid).toBe(pod.metadata?.uid);
    await api.deletePod({ namespace, name, uid: pod.metadata?.uid ?? "" }, { graceSeconds: 0, signal });
    await api.deletePod({ namespace, name, uid: pod.metadata?.uid ?? "" }, { graceSeconds: 0, signal });
    await expect(core.readNamespacedPod({ namespace, name })).rejects.toMatchObject({ code: 404 });
  });

  test("refusals carry the server's status, reason and sentence", async () => {
    const { namespace, core } = stage;
    const { signal } = ending;
    const job = buildScriptJob({ namespace, cluster: "here", runId: createRunId(), script: "true" });
    const wrong = { containers: [], restartPolicy: "Sometimes" };
    const invalid = await catchRefusal(
      api.createJob({ metadata: { namespace, name: "invalid" }, spec: { template: { spec: wrong } } }, signal),
    );
    expect(invalid).toMatchObject({ status: 422, reason: "Invalid" });
    expect(invalid.message).toContain(`Cannot create Job ${namespace}/invalid: Job.batch "invalid" is invalid`);
    const elsewhere = await catchRefusal(
      api.createSecret({ metadata: { namespace: "no-such-namespace", name: "a" } }, signal),
    );
    expect(elsewhere).toMatchObject({ status: 404, reason: "NotFound" });

    const hard = { "count/jobs.batch": "0" };
    await core.createNamespacedResourceQuota({ namespace, body: { metadata: { name: "none" }, spec: { hard } } });
    await waitUntil("the quota is in force", async () => {
      const { status } = await core.readNamespacedResourceQuota({ namespace, name: "none" });
      return status?.hard?.["count/jobs.batch"] === "0";
    });
    const quota = await catchRefusal(api.createJob(job, signal));
    expect(quota).toMatchObject({ status: 403, reason: "Forbidden" });
    expect(quota.message).toContain("exceeded quota: none");
    await core.deleteNamespacedResourceQuota({ namespace, name: "none" });
  });
});

describe("a server that is in trouble", () => {
  test("a create whose answer was lost is tried again, and finds itself", async () => {
    proxy.loseAnswer(isCreate);
    expect(await api.createSecret(buildSecret(), ending.signal)).toEqual({ kind: "exists" });
    expect(api.calls.get("create secrets")).toBe(2);
  });

  test("one that is overloaded is asked again when it says so", async () => {
    const headers = { "retry-after": "1" };
    proxy.answer(isCreate, [
      { status: 429, headers },
      { status: 429, headers },
    ]);
    const start = performance.now();
    expect(await api.createSecret(buildSecret(), ending.signal)).toMatchObject({ kind: "created" });
    // Without the header two pauses would be over in a tenth of a second.
    expect(performance.now() - start).toBeGreaterThan(1950);
    expect(proxy.requests).toHaveLength(3);
  });

  test("failures that pass, and answers that aren't the server's, are waited out", async () => {
    const conflict = JSON.stringify({ kind: "Status", reason: "Conflict", message: "the quota has been modified" });
    proxy.answer(isCreate, [
      { status: 500, body: "<html>" },
      { status: 503 },
      { status: 409, body: conflict },
      { status: 201, body: '{"cut off' },
    ]);
    expect(await api.createSecret(buildSecret(), ending.signal)).toMatchObject({ kind: "created" });
    expect(proxy.requests).toHaveLength(5);
  });

  test("one that is away is waited for, until the signal", async () => {
    const restore = proxy.refuse();
    const created = api.createSecret(buildSecret(), ending.signal);
    const impatient = new AbortController();
    const given = api.createSecret(buildSecret(), impatient.signal);
    await waitUntil("it was tried", () => (api.calls.get("create secrets") ?? 0) > 6);
    impatient.abort(new Error("enough"));
    await expect(given).rejects.toThrow("enough");
    restore();
    expect(await created).toMatchObject({ kind: "created" });
  });

  test("one that says nothing is asked again on a new connection", async () => {
    const hasty = createClient({ kubeConfig: proxy.kubeConfig, attemptMilliseconds: 300 });
    await hasty.readSecret({ namespace: stage.namespace, name: "a" }, ending.signal);
    const thaw = proxy.freeze();
    const created = hasty.createSecret(buildSecret(), ending.signal);
    await waitUntil("it was tried again", () => (hasty.calls.get("create secrets") ?? 0) > 2);
    thaw();
    // What was asked while nobody answered may have been carried out.
    expect(await settleWithin("the Secret is there", created, 20)).toBeDefined();
    await hasty.close();
  });

  test("one that answers slowly, but in time, is asked once", async () => {
    proxy.delay(isCreate, 500);
    expect(await api.createSecret(buildSecret(), ending.signal)).toMatchObject({ kind: "created" });
    expect(proxy.requests).toHaveLength(1);
  });

  test("one that needs longer than the first attempt lasts is given more time", async () => {
    const hasty = createClient({ kubeConfig: proxy.kubeConfig, attemptMilliseconds: 100 });
    proxy.delay(isCreate, 500);
    expect(await settleWithin("it is there", hasty.createSecret(buildSecret(), ending.signal), 30)).toBeDefined();
    expect(hasty.calls.get("create secrets")).toBeGreaterThan(2);
    await hasty.close();
  });

  test("a call under way ends with its signal", async () => {
    proxy.freeze();
    const created = api.createSecret(buildSecret(), ending.signal);
    await waitUntil("it was asked", () => proxy.requests.length === 1);
    ending.abort(new Error("stopped"));
    await expect(created).rejects.toThrow("stopped");
    await expect(api.createSecret(buildSecret(), ending.signal)).rejects.toThrow("stopped");
  });
});

describe("tokens", () => {
  /** A real token, good for as long as its Secret is there, of an account that may read the namespace's Secrets. */
  async function issueToken(): Promise<{ readonly token: string; revoke(): Promise<unknown> }> {
    const { namespace, core } = stage;
    const secret = await core.createNamespacedSecret({ namespace, body: buildSecret() });
    const { name = "", uid = "" } = secret.metadata ?? {};
    const spec = {
      audiences: [],
      expirationSeconds: 3600,
      boundObjectRef: { apiVersion: "v1", kind: "Secret", name, uid },
    };
    const answer = await core.createNamespacedServiceAccountToken({ namespace, name: "default", body: { spec } });
    return { token: answer.status?.token ?? "", revoke: () => core.deleteNamespacedSecret({ namespace, name }) };
  }

  async function allowReading(): Promise<void> {
    const { namespace, kubeConfig } = stage;
    const rbac = kubeConfig.makeApiClient(RbacAuthorizationV1Api);
    const metadata = { name: "reader" };
    await rbac.createNamespacedRole({
      namespace,
      body: { metadata, rules: [{ apiGroups: [""], resources: ["secrets"], verbs: ["get"] }] },
    });
    await rbac.createNamespacedRoleBinding({
      namespace,
      body: {
        metadata,
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "reader" },
        subjects: [{ kind: "ServiceAccount", name: "default", namespace }],
      },
    });
  }

  test("a token file that has changed is read again when the old token is refused", async () => {
    await allowReading();
    const directory = await createTemporaryDirectory();
    const tokenFile = join(directory.path, "token");
    const [old, young] = [await issueToken(), await issueToken()];
    await writeFile(tokenFile, `${old.token}\n`);
    const user = { authProvider: { name: "tokenFile", config: { tokenFile } } };
    const client = createClient({ kubeConfig: proxy.buildKubeConfig(user) });
    const ref = { namespace: stage.namespace, name: "none" };
    await waitUntil("the role is in force", () =>
      client.readSecret(ref, ending.signal).then(
        () => true,
        () => false,
      ),
    );

    await old.revoke();
    const other = createClient({ kubeConfig: proxy.buildKubeConfig({ token: old.token }) });
    const refusal = await waitUntil(
      "the old token is refused",
      () =>
        other.readSecret(ref, ending.signal).then(
          () => undefined,
          (error: unknown) => error,
        ),
      { seconds: 60 },
    );
    expect(refusal).toMatchObject({ status: 401, reason: "Unauthorized" });

    await writeFile(tokenFile, young.token);
    const before = client.calls.get("get secrets") ?? 0;
    expect(await client.readSecret(ref, ending.signal)).toBeUndefined();
    expect(client.calls.get("get secrets")).toBe(before + 2);
    await Promise.all([client.close(), other.close(), directory.remove()]);
  });

  test("a token file that is missing for a moment is waited for", async () => {
    const directory = await createTemporaryDirectory();
    const tokenFile = join(directory.path, "token");
    const user = { authProvider: { name: "tokenFile", config: { tokenFile } } };
    const client = createClient({ kubeConfig: proxy.buildKubeConfig(user) });
    const read = client.readSecret({ namespace: stage.namespace, name: "none" }, ending.signal);
    await waitUntil("it was tried", () => (client.calls.get("get secrets") ?? 0) > 2);
    await writeFile(tokenFile, "no token at all");
    expect(await catchRefusal(read)).toMatchObject({ status: 401 });
    await Promise.all([client.close(), directory.remove()]);
  });
});

test("an API server behind an HTTP proxy of the kubeconfig is reached through it", async () => {
  const tunnels: string[] = [];
  const server = createServer().on("connect", (request: IncomingMessage, client: Socket) => {
    tunnels.push(request.url ?? "");
    const { hostname, port } = new URL(`tcp://${request.url}`);
    const target = connect(Number(port), hostname, () => client.write("HTTP/1.1 200 OK\r\n\r\n"));
    for (const socket of [target, client]) socket.on("error", () => [target, client].map((one) => one.destroy()));
    target.pipe(client).pipe(target);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const [cluster, user] = [stage.kubeConfig.getCurrentCluster(), stage.kubeConfig.getCurrentUser()];
  if (cluster === null || user === null) throw new Error("Cannot read the kubeconfig: it has no current context");
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromClusterAndUser({ ...cluster, proxyUrl: `http://127.0.0.1:${port}` }, user);
  const client = createClient({ kubeConfig });
  expect(await client.createSecret(buildSecret(), ending.signal)).toMatchObject({ kind: "created" });
  expect(tunnels).toEqual([new URL(cluster.server).host]);
  await client.close();
  server.close();
  server.closeAllConnections();
});

describe("logs", () => {
  const container = "main";
  const name = "talker";
  const follow = { container, follow: true, timestamps: false };

  beforeAll(async () => {
    const { namespace, core } = stage;
    const script = "echo first; while true; do echo more; sleep 1; done";
    const command = ["/bin/busybox", "sh", "-c", script];
    const containers = [{ name: container, image: "docker.io/library/busybox:1.35", command }];
    await core.createNamespacedPod({
      namespace,
      body: { metadata: { name }, spec: { containers, restartPolicy: "Never", terminationGracePeriodSeconds: 0 } },
    });
  });

  async function openLog(options: { signal?: AbortSignal } = {}): Promise<AsyncIterable<Uint8Array>> {
    const request = { namespace: stage.namespace, name, ...follow, signal: ending.signal, ...options };
    return await waitUntil("the log is open", async () => {
      const answer = await api.openLog(request);
      return answer.kind === "open" && answer.bytes;
    });
  }

  async function readAll(bytes: AsyncIterable<Uint8Array>, onBytes: () => void): Promise<void> {
    for await (const piece of bytes) if (piece.length > 0) onBytes();
  }

  test("a pod without a node has none yet, nor has one that isn't there", async () => {
    const { namespace, core } = stage;
    const containers = [{ name: container, image: "localhost/pause:1" }];
    const spec = { containers, nodeSelector: { nowhere: "at-all" } };
    await core.createNamespacedPod({ namespace, body: { metadata: { name: "homeless" }, spec } });
    const { signal } = ending;
    expect(await api.openLog({ namespace, name: "homeless", ...follow, signal })).toMatchObject({ kind: "not-yet" });
    expect(await api.openLog({ namespace, name: "nobody", ...follow, signal })).toEqual({ kind: "gone" });
  });

  test("a container that the pod doesn't have is refused", async () => {
    await openLog();
    const request = { namespace: stage.namespace, name, ...follow, container: "none", signal: ending.signal };
    expect(await catchRefusal(api.openLog(request))).toMatchObject({ status: 400 });
  });

  test("bytes come as they are written; leaving the loop closes the connection", async () => {
    let text = "";
    for await (const piece of await openLog()) {
      text += Buffer.from(piece).toString("utf8");
      if (text.includes("more\nmore\n")) break;
    }
    expect(text).toMatch(/^first\nmore\nmore\n/);
    await waitUntil("the connection is closed", () => proxy.countStreams() === 0);
  });

  test("a connection that breaks is no end of the log", async () => {
    const heard = Promise.withResolvers<void>();
    const read = readAll(await openLog(), heard.resolve);
    await heard.promise;
    proxy.cut();
    await expect(settleWithin("reading ends", read, 20)).rejects.toThrow("its connection broke");
  });

  test("reading ends with the signal's reason, and so does a log that nobody reads", async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const heard = Promise.withResolvers<void>();
    const read = readAll(await openLog({ signal }), heard.resolve);
    await openLog({ signal });
    await heard.promise;
    controller.abort(new Error("no longer wanted"));
    await expect(settleWithin("reading ends", read, 20)).rejects.toThrow("no longer wanted");
    await waitUntil("both connections are closed", () => proxy.countStreams() === 0);
  });

  test("calls go on while thirty logs are followed, and nobody reads them", async () => {
    // Not more: a kubelet may follow as many as its node has inotify instances, 128 mostly, and tests share one.
    await Promise.all(Array.from({ length: 30 }, () => openLog()));
    expect(proxy.countStreams()).toBe(30);
    expect(await api.createSecret(buildSecret(), ending.signal)).toMatchObject({ kind: "created" });
    expect(api.calls.get("create secrets")).toBe(1);
  });
});
