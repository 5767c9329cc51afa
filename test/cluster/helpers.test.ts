/** Setup and collector from the image that `npm run image` makes, in pods of a real cluster. */
import { readFile } from "node:fs/promises";
import type { V1Pod, V1PodSpec } from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Collected } from "../../k8s-agent/launch/launcher.ts";
import { mostLineBytes, openCollected } from "../../k8s-agent/sidecar/messages/collected.ts";
import { decodeSetupReport, type SetupReport } from "../../k8s-agent/sidecar/messages/setup-report.ts";
import { collectorKey, setupSpec } from "../../k8s-agent/sidecar/mounts.ts";
import type { SetupSpec } from "../../k8s-agent/sidecar/setup/spec.ts";
import type { ContainerInputs } from "../../src/contract/container/inputs.ts";
import { stringifyJson } from "../../src/contract/json.ts";
import { limits } from "../../src/contract/limits.ts";
import type { Result } from "../../src/contract/result.ts";
import type { Action } from "../../src/contract/run.ts";
import { deriveCollectorKey } from "../../src/sealing/collector-key.ts";
import { startGitServer, startSshGitServer } from "../git/server.ts";
import { waitUntil } from "../support/wait-until.ts";
import { openClusterStage, type ClusterStage } from "./support/cluster-stage.ts";
import { buildHelperPod, helperImage } from "./support/helper-pod.ts";
import { findHostAddress } from "./support/host-address.ts";

const canary = "canary-Pa55-of-the-source";
const closing: (() => Promise<void>)[] = [];
let stage: ClusterStage;
let host = "";
let key = "";
let count = 0;

beforeAll(async () => {
  stage = await openClusterStage();
  host = await findHostAddress(stage.core);
  key = await deriveCollectorKey(Buffer.alloc(32, 7).toString("base64url"));
});
afterAll(async () => {
  for (const close of closing) await close();
  await stage.close();
});

interface Given {
  readonly script?: string;
  readonly action?: Action;
  readonly values?: Partial<ContainerInputs["values"]>;
  readonly secrets?: ContainerInputs["secrets"];
  readonly rest?: Omit<SetupSpec, "inputs" | "order">;
  readonly unlessCommit?: string;
  readonly pod?: Partial<V1PodSpec>;
}

/** Starts a pod, and answers with its name once it has ended. */
async function runPod(given: Given): Promise<V1Pod> {
  const { script = "true", action = "create", values = {}, secrets = {}, rest = {}, unlessCommit, pod = {} } = given;
  const name = `helpers-${++count}`;
  const { namespace, core } = stage;
  const inputs = { type: "a-type", resource: { size: 3 }, values: { job: { image: "x" }, ...values }, secrets };
  const spec: SetupSpec = { inputs, order: unlessCommit === undefined ? {} : { unlessCommit }, ...rest };
  const stringData = { [setupSpec.file]: stringifyJson(spec), [collectorKey.file]: key };
  await core.createNamespacedSecret({ namespace, body: { metadata: { name }, stringData } });
  await core.createNamespacedPod({ namespace, body: buildHelperPod({ name, inputs, action, script, spec: pod }) });
  return waitUntil(
    `the pod ${name} has ended`,
    async () => {
      const found = await core.readNamespacedPod({ namespace, name });
      return ["Succeeded", "Failed"].includes(found.status?.phase ?? "") ? found : undefined;
    },
    { seconds: 120 },
  );
}

async function readLog(pod: V1Pod, container: string): Promise<string> {
  const { namespace, core } = stage;
  return core.readNamespacedPodLog({ namespace, name: pod.metadata?.name ?? "", container });
}

/** What the collector's log, which must be one line, holds. */
async function readCollected(pod: V1Pod): Promise<Collected> {
  const log = await readLog(pod, "collector");
  expect(log.trimEnd().split("\n")).toHaveLength(1);
  const opened = await openCollected(log.trimEnd(), key);
  if (!opened.ok) throw new Error(opened.problem);
  return opened.value;
}

function findState(pod: V1Pod, container: string) {
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  return statuses.find(({ name }) => name === container);
}

function readReport(pod: V1Pod): Result<SetupReport> {
  return decodeSetupReport(findState(pod, "setup")?.state?.terminated?.message ?? "");
}

describe("a source", () => {
  test("is checked out over https with a password, and main's outputs come back sealed", async () => {
    const server = await startGitServer({ host, tls: true, auth: { username: "robot", password: canary } });
    closing.push(server.close);
    const repo = await server.createRepo("app", { "main.txt": "from git" });
    const certificateAuthorities = await readFile(server.caFile, "utf8");
    const pod = await runPod({
      values: { source: { url: server.url("app"), username: "robot" }, files: { "a/b.txt": "laid over" } },
      secrets: { source: { password: canary } },
      rest: { git: { certificateAuthorities } },
      script: `printf '{"git":"%s","file":"%s","inputs":%s,"owners":"%s"}' \\
          "$(cat main.txt)" "$(cat a/b.txt)" "$(cat $RESOURCE_INPUTS_FILE)" "$(echo $(stat -c %u . .git))" > $OUTPUTS_FILE
        echo '{"token":"secret output"}' > $SECRET_OUTPUTS_FILE`,
    });
    expect(readReport(pod)).toEqual({ ok: true, value: { commit: repo.head } });
    // git in main works in no directory that belongs to somebody else.
    const values = { git: "from git", file: "laid over", inputs: { size: 3 }, owners: "1000 1000" };
    const outputs = { ok: true, value: { values, secrets: { token: "secret output" }, manifests: [] } };
    expect(await readCollected(pod)).toEqual({ outputs, errorText: "", errorBytes: 0 });
    expect(await readLog(pod, "collector")).not.toContain("secret output");
  });

  test("is checked out over ssh", async () => {
    const server = await startSshGitServer({ host });
    closing.push(server.close);
    const repo = await server.createRepo("app", { "main.txt": "over ssh" });
    const pod = await runPod({
      values: { source: { url: server.url("app") } },
      secrets: { source: { ssh_key: server.privateKey, known_hosts: server.knownHosts } },
      script: `printf '"%s"' "$(cat main.txt)" > /tmp/x; echo "{\\"text\\":$(cat /tmp/x)}" > $OUTPUTS_FILE`,
    });
    expect(readReport(pod)).toEqual({ ok: true, value: { commit: repo.head } });
    expect(await readCollected(pod)).toMatchObject({ outputs: { value: { values: { text: "over ssh" } } } });
  });

  test("that refuses the password keeps main from running, and nothing says the password", async () => {
    const server = await startGitServer({ host, tls: true, auth: { username: "robot", password: "another" } });
    closing.push(server.close);
    await server.createRepo("app", { file: "x" });
    const pod = await runPod({
      values: { source: { url: server.url("app"), username: "robot", ref: canary } },
      secrets: { source: { password: canary } },
      rest: { git: { certificateAuthorities: await readFile(server.caFile, "utf8") } },
    });
    const report = readReport(pod);
    expect(report.ok && report.value.problem).toMatch(/the server refuses the username and password$/);
    expect(findState(pod, "setup")?.state?.terminated?.exitCode).toBe(1);
    expect(findState(pod, "main")?.state?.terminated).toBeUndefined();
    expect(JSON.stringify(pod.status) + (await readLog(pod, "setup"))).not.toContain(canary);
  });

  test("that has not moved keeps main from running, and says so", async () => {
    const server = await startGitServer({ host, tls: true });
    closing.push(server.close);
    const repo = await server.createRepo("app", { file: "x" });
    const pod = await runPod({
      values: { source: { url: server.url("app") } },
      rest: { git: { certificateAuthorities: await readFile(server.caFile, "utf8") } },
      unlessCommit: repo.head,
    });
    expect(readReport(pod)).toEqual({ ok: true, value: { commit: repo.head, unchanged: true } });
    expect(findState(pod, "main")?.state?.terminated).toBeUndefined();
  });
});

/** For a main that sees the pod's processes: the brackets keep it from finding itself. */
const findCollector = `find_collector() { ps -o pid,args | awk '/app.[c]ollector.js/ { print $1 }'; }`;

describe("the collector", () => {
  test("prints outputs and an error text at their limits whole", async () => {
    const pod = await runPod({
      script: `head -c ${limits.outputsBytes - 8} /dev/zero | tr '\\0' x > /tmp/x
        { printf '{"a":"'; cat /tmp/x; printf '"}'; } > $OUTPUTS_FILE
        head -c 100000 /dev/zero > $ERROR_FILE`,
    });
    const line = await readLog(pod, "collector");
    expect(line.length).toBeGreaterThan(0.98 * mostLineBytes);
    expect(line.length).toBeLessThanOrEqual(mostLineBytes + 1);
    const { outputs, errorText, errorBytes } = await readCollected(pod);
    expect(outputs).toEqual({
      ok: true,
      value: { values: { a: "x".repeat(limits.outputsBytes - 8) }, secrets: {}, manifests: [] },
    });
    expect([errorText.length, errorBytes]).toEqual([2 * limits.errorTextBytes, 100_000]);
  });

  test("hears of a main that ends at once", async () => {
    expect(await readCollected(await runPod({ script: "true" }))).toMatchObject({ outputs: { ok: true } });
  });

  test("reads nothing of what a destroy puts out, and says what a failed create left half-written", async () => {
    const script = `printf '{"half' > $OUTPUTS_FILE; echo because > $ERROR_FILE; exit 3`;
    const [destroyed, created] = await Promise.all([runPod({ action: "destroy", script }), runPod({ script })]);
    expect(await readCollected(destroyed)).toMatchObject({ outputs: { ok: true }, errorText: "because\n" });
    const problem = "Cannot read OUTPUTS_FILE: not JSON: it ends in the middle of a value";
    expect(await readCollected(created)).toMatchObject({ outputs: { ok: false, problem }, errorBytes: 8 });
  });

  test("that is killed while main runs is started again, and does the same", async () => {
    const pod = await runPod({
      pod: { shareProcessNamespace: true },
      script: `${findCollector}
        first=$(find_collector); kill -KILL $first; while [ "$(find_collector)" = $first ]; do :; done
        while [ -z "$(find_collector)" ]; do sleep 0.1; done
        echo '{"after":"the restart"}' > $OUTPUTS_FILE`,
    });
    expect(findState(pod, "collector")?.restartCount).toBe(1);
    expect(await readCollected(pod)).toMatchObject({ outputs: { value: { values: { after: "the restart" } } } });
  });

  test("that gets SIGTERM early and many times over ends well, and does the same again at the end", async () => {
    const pod = await runPod({
      pod: { shareProcessNamespace: true },
      script: `${findCollector}
        echo '{"n":1}' > $OUTPUTS_FILE; first=$(find_collector)
        while kill -TERM $first 2> /tmp/no; do :; done
        while [ -z "$(find_collector)" ]; do sleep 0.1; done
        echo '{"n":2}' > $OUTPUTS_FILE`,
    });
    // 143: a signal that arrived when the line was printed and Node had taken its handlers down already. Process 1 of a
    // container of its own would not have noticed it.
    expect([0, 143]).toContain(findState(pod, "collector")?.lastState?.terminated?.exitCode);
    expect(await readCollected(pod)).toMatchObject({ outputs: { value: { values: { n: 2 } } } });
  });
});

test("the image has no shell", async () => {
  const { namespace, core } = stage;
  const containers = ["sh", "bash", "perl", "python3"].map((name) => ({ name, image: helperImage, command: [name] }));
  const spec = { restartPolicy: "Never", containers };
  await core.createNamespacedPod({ namespace, body: { metadata: { name: "shells" }, spec } });
  const statuses = await waitUntil("the containers have ended", async () => {
    const { status } = await core.readNamespacedPod({ namespace, name: "shells" });
    const ended = status?.containerStatuses?.filter(({ state }) => state?.terminated !== undefined);
    return ended?.length === containers.length ? ended : undefined;
  });
  for (const { state } of statuses) expect(state?.terminated?.message).toMatch(/executable file not found/);
});

test("the image's own program is the agent, as a user that isn't root", async () => {
  const { namespace, core } = stage;
  const container = { name: "agent", image: helperImage, securityContext: { runAsNonRoot: true } };
  const spec = { restartPolicy: "Never", automountServiceAccountToken: false, containers: [container] };
  await core.createNamespacedPod({ namespace, body: { metadata: { name: "agent" }, spec } });
  await waitUntil(
    "the agent has ended",
    async () => (await core.readNamespacedPod({ namespace, name: "agent" })).status?.phase === "Failed",
    { seconds: 60 },
  );
  expect(await core.readNamespacedPodLog({ namespace, name: "agent" })).toContain("Cannot start: NATS_URL is missing");
});
