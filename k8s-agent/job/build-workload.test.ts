import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { contractVariables } from "../../src/contract/container/variables.ts";
import { parseJson, stringifyJson } from "../../src/contract/json.ts";
import { limits } from "../../src/contract/limits.ts";
import { buildWorkload, ownJob } from "./build-workload.ts";
import { buildRun, buildRunWith, buildWith, collectorKey, mustBuild, runs, settings } from "./workloads.fixture.ts";
import type { Run } from "../../src/contract/run.ts";

const problemOf = (run: Run, changes: object = {}) => {
  const built = buildWith(run, changes);
  return built.ok ? "" : built.problem;
};
const podOf = (run: Run, changes: object = {}) => mustBuild(run, changes).job.spec?.template.spec;
const mainOf = (run: Run) => podOf(run)?.containers[0];
const helpersOf = (run: Run) => podOf(run)?.initContainers?.filter(({ name }) => /^(setup|collector)$/.test(name));

describe("a workload", () => {
  test("is the same however often it is built, and building it changes nothing", () => {
    for (const run of Object.values(runs)) {
      const before = stringifyJson(run);
      expect(mustBuild(run)).toEqual(mustBuild(run));
      expect(stringifyJson(run)).toBe(before);
    }
  });

  test("has a deadline after the run's timeout and grace", () => {
    const deadline = (values: object, changes = {}) =>
      mustBuild(buildRunWith({}, { values }), changes).job.spec?.activeDeadlineSeconds;
    expect(deadline({ timeout: 60 })).toBe(60 + 600 + 120);
    expect(deadline({})).toBe(3600 + 600 + 120);
    expect(deadline({ timeout: 60 }, { graceSeconds: 0 })).toBe(60 + 30 + 120);
  });

  test("leaves the collector time to read, even where main gets none", () => {
    expect(podOf(buildRunWith({}), { graceSeconds: 0 })?.terminationGracePeriodSeconds).toBe(30);
  });

  test("carries the guresid as a label only where it fits into one", () => {
    const request = { type: "s3", resource: {}, driver: { values: { job: { image: "x" } } } };
    for (const [guresid, fits] of [
      ["a".repeat(63), true],
      ["a".repeat(64), false],
    ] as const) {
      const { labels = {}, annotations = {} } = mustBuild(buildRun(request, { guresid })).job.metadata ?? {};
      expect("container-driver.dev/guresid" in labels).toBe(fits);
      expect(annotations["container-driver.dev/guresid"]).toBe(guresid);
    }
  });

  test("tells setup what the agent's operator has decided about git", () => {
    const git = { knownHosts: "git.example ssh-ed25519 AAAA", proxy: "http://proxy.example:3128" };
    expect(mustBuild(buildRunWith({}), { git }).secret.stringData?.["spec.json"]).toContain(
      `"git":${JSON.stringify(git)}`,
    );
  });

  test("can be owned by its Secret", () => {
    const { job } = mustBuild(buildRunWith({}));
    const { metadata, ...rest } = ownJob(job, { name: "run-1", uid: "u-1" });
    const owner = { apiVersion: "v1", kind: "Secret", name: "run-1", uid: "u-1" };
    expect(metadata?.ownerReferences).toEqual([owner]);
    expect(metadata).toMatchObject(job.metadata ?? {});
    expect(rest).toEqual({ apiVersion: job.apiVersion, kind: job.kind, spec: job.spec });
  });
});

describe("placement", () => {
  test("in a namespace that the agent allows", () => {
    expect(mustBuild(buildRunWith({ namespace: "runners" })).secret.metadata?.namespace).toBe("runners");
    expect(problemOf(buildRunWith({ namespace: "kube-system" }))).toBe(
      'Cannot use driver.values.job.namespace: "kube-system", which this cluster\'s agent does not allow; it allows runs, runners',
    );
  });

  test("as a service account that the agent allows, whose token helpers don't get", () => {
    const pod = podOf(buildRunWith({ service_account: "runner" }));
    expect(pod).toMatchObject({ serviceAccountName: "runner", automountServiceAccountToken: true });
    const token = "/var/run/secrets/kubernetes.io/serviceaccount";
    for (const { volumeMounts = [] } of helpersOf(buildRunWith({ service_account: "runner" })) ?? [])
      expect(volumeMounts.find(({ mountPath }) => mountPath === token)).toMatchObject({ name: "no-token" });
    expect(problemOf(buildRunWith({ service_account: "admin" }), { serviceAccounts: [] })).toBe(
      'Cannot use driver.values.job.service_account: "admin", which this cluster\'s agent does not allow; it allows none',
    );
  });

  test("without a service account there is no token, whatever the template says", () => {
    const run = buildRunWith({ pod_template: { spec: { automountServiceAccountToken: true } } });
    expect(podOf(run)?.automountServiceAccountToken).toBe(false);
  });

  test.for(["/run", "/run/container-driver", "/run/container-driver/x", "/proc/x", "/dev", "/var"])(
    "the shared directory can't be %s",
    (shared_directory) => {
      expect(problemOf(buildRunWith({ shared_directory }))).toContain(
        `Cannot use driver.values.job.shared_directory: "${shared_directory}" gets in the way of /`,
      );
    },
  );

  test.for(["/workspace", "/app", "/usr/src/app", "/tmp", "/run/container-driver2", "/etc/x", "/home"])(
    "the shared directory can be %s",
    (shared_directory) => {
      expect(problemOf(buildRunWith({ shared_directory }))).toBe("");
    },
  );
});

describe("main", () => {
  test("means literally what the request says", () => {
    const run = buildRunWith({ command: ["$(A)"], args: ["$$"], variables: { A: "$(HOME)" } });
    expect(mainOf(run)).toMatchObject({ command: ["$$(A)"], args: ["$$$"] });
    expect(mainOf(run)?.env).toContainEqual({ name: "A", value: "$$(HOME)" });
  });

  test("needs an image from somewhere", () => {
    const given = { image: undefined, pod_template: { spec: { containers: [{ name: "main" }] } } };
    const run = buildRunWith({ ...given, image: "x" });
    const { image: _image, ...job } = run.inputs.values.job;
    const without = { ...run, inputs: { ...run.inputs, values: { ...run.inputs.values, job } } };
    expect(problemOf(without)).toContain(
      "driver.values.job.image is missing, and driver.values.job.pod_template has no",
    );
  });

  test("gets what the template says, where request and template both say something, and a warning tells", () => {
    const pod_template = { spec: { containers: [{ image: "other", env: [{ name: "A", value: "template" }] }] } };
    const { job, warnings } = mustBuild(buildRunWith({ variables: { A: "request" }, pod_template }));
    const main = job.spec?.template.spec?.containers[0];
    expect(main?.image).toBe("other");
    expect(main?.env?.filter(({ name }) => name === "A")).toEqual([{ name: "A", value: "template" }]);
    expect(warnings).toEqual([
      "driver.values.job.image is not used: driver.values.job.pod_template says otherwise",
      "The variable A is not used: driver.values.job.pod_template says otherwise",
    ]);
  });

  test("pull secrets of agent and template are one list, each once", () => {
    const pod_template = "spec: {imagePullSecrets: [{name: a}, {name: b}]}";
    const pod = podOf(buildRunWith({ pod_template }), { imagePullSecrets: ["b", "c"] });
    expect(pod?.imagePullSecrets).toEqual([{ name: "b" }, { name: "c" }, { name: "a" }]);
  });

  test("the collector is the user that main is, and setup always the same", () => {
    const collector = helpersOf(runs["another-user"] as Run)?.find(({ name }) => name === "collector");
    const setup = helpersOf(runs["another-user"] as Run)?.find(({ name }) => name === "setup");
    expect(collector?.securityContext).toMatchObject({ runAsUser: 65532, runAsGroup: 65532 });
    expect(setup?.securityContext).toMatchObject({ runAsUser: 1000, runAsGroup: 1000 });
  });
});

describe("limits", () => {
  test("a variable as long as Linux takes them is passed, a longer one refused", () => {
    const variables = (bytes: number) => buildRunWith({ variables: { A: "x".repeat(bytes - 3) } });
    expect(problemOf(variables(limits.argumentBytes))).toBe("");
    expect(problemOf(variables(limits.argumentBytes + 1))).toBe(
      "Cannot set main's variables: A, with its name, is 131073 bytes, the limit is 131072 bytes",
    );
  });

  test("so is a secret variable, and an argument, which is named by its place", () => {
    const secrets = { job: { variables: { A: "ä".repeat(70_000) } } };
    expect(problemOf(buildRunWith({}, { secrets }))).toContain("A, with its name, is 140003 bytes");
    expect(problemOf(buildRunWith({ args: ["a", "x".repeat(131_072)] }))).toBe(
      "Cannot start main: driver.values.job.args[1] is 131073 bytes, the limit is 131072 bytes",
    );
  });

  test("a Secret that Kubernetes would not take is refused with its size", () => {
    const files = Object.fromEntries(Array.from("abcdefghijk", (name) => [name, "x".repeat(100_000)]));
    expect(problemOf(buildRunWith({}, { values: { files } }))).toMatch(
      /^Cannot keep the run's inputs in the cluster: the run's Secret is 110\d{4} bytes, the limit is 1048576 bytes$/,
    );
  });

  test.for([".", "..", "..a"])("a variable can't be called %s", (name) => {
    expect(problemOf(buildRunWith({ variables: { [name]: "x" } }))).toContain("a name that Kubernetes does not allow");
  });

  test("a credential with a NUL can't be a variable", () => {
    const values = { credentials_config: { environment: { A: "key" } } };
    expect(problemOf(buildRunWith({}, { values, secrets: { account: { key: "a\0b" } } }))).toContain("A holds a NUL");
  });
});

describe("secrets", () => {
  const text = fc.string({ minLength: 12, maxLength: 40, unit: "grapheme" }).filter((s) => s.trim().length >= 12);
  const secret = text.map((s) => `canary-${s}`.replace(/\0/g, "0").toWellFormed());

  test("none is anywhere in the Job, in any form", () => {
    fc.assert(
      fc.property(fc.array(secret, { minLength: 7, maxLength: 7 }), ([a, b, c, d, e, f, g]) => {
        const secrets = {
          account: { key: a, object: { inner: b } },
          job: { variables: { A: c, "B-b.c": d } },
          cluster: { agent_url: e },
          files: { "secret.json": f },
          source: { password: g?.replace(/[\r\n]/g, " ") },
        };
        const values = {
          credentials_config: {
            environment: { KEY: "key", OBJECT: "object" },
            script_variables: { variables: { x: "key" }, file: "x.json" },
          },
          source: { url: "https://git.example/r" },
        };
        const { job, warnings } = mustBuild(buildRunWith({ pod_template: "spec: {}" }, { values, secrets }));
        const whole = stringifyJson([job, warnings]);
        for (const one of [a, b, c, d, e, f, g]) expectAbsent(whole, one ?? "");
        expect(whole).not.toContain("canary");
      }),
    );
  });

  function expectAbsent(whole: string, secret: string) {
    const forms = [secret, stringifyJson(secret).slice(1, -1), encodeURIComponent(secret)];
    for (const encoding of ["base64", "base64url", "hex"] as const) forms.push(Buffer.from(secret).toString(encoding));
    for (const form of forms) expect(whole).not.toContain(form);
  }

  test("neither key of the run is in the Job, and the run key is nowhere", () => {
    for (const run of Object.values(runs)) {
      const { job, secret } = mustBuild(run);
      expect(stringifyJson([job, secret])).not.toContain(run.order.runKey);
      expect(stringifyJson(job)).not.toContain("Y29sbGVjdG9y");
    }
  });

  test("setup is told no secret that it has no use for", () => {
    const secrets = {
      account: { key: "canary-1" },
      job: { variables: { A: "canary-2" } },
      cluster: { url: "canary-3" },
    };
    const values = { credentials_config: { environment: { KEY: "key" } } };
    const { secret } = mustBuild(buildRunWith({}, { values, secrets }));
    expect(secret.stringData?.["spec.json"]).not.toContain("canary");
    expect(parseJson(secret.stringData?.["spec.json"] ?? "").ok).toBe(true);
  });

  test("main's secret variables come from the run's Secret, each with a key of its own", () => {
    const secrets = { job: { variables: { "A.b": "one", "A-b": "two" } } };
    const { secret, job } = mustBuild(buildRunWith({}, { secrets }));
    const env = job.spec?.template.spec?.containers[0]?.env ?? [];
    const found = env
      .filter(({ valueFrom }) => valueFrom !== undefined)
      .map(({ name, valueFrom }) => [name, secret.stringData?.[valueFrom?.secretKeyRef?.key ?? ""]]);
    expect(found).toEqual([
      ["A.b", "one"],
      ["A-b", "two"],
    ]);
  });
});

test("a trace is for main alone, in plain, and of no other place; without one there are no variables of it", () => {
  const traceparent = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;
  for (const run of Object.values(runs)) {
    const built = buildWorkload(run, { settings, collectorKey, trace: { traceparent, tracestate: "rojo=1" } });
    if (!built.ok) return expect.unreachable(built.problem);
    const { secret, job } = built.value;
    const main = job.spec?.template.spec?.containers.find(({ name }) => name === "main");
    expect(main?.env).toEqual(
      expect.arrayContaining([
        { name: "TRACEPARENT", value: traceparent },
        { name: "TRACESTATE", value: "rojo=1" },
      ]),
    );
    const text = JSON.stringify([secret, job]);
    expect(text.split(traceparent)).toHaveLength(2);
    const untraced = mustBuild(run);
    expect(JSON.stringify([untraced.secret, untraced.job])).not.toContain("TRACE");
  }
});

test("every container always has the contract's variables last word, and volumes and their limits", () => {
  for (const run of Object.values(runs)) {
    const env = mainOf(run)?.env ?? [];
    for (const name of contractVariables) expect(env.filter((one) => one.name === name)).toHaveLength(1);
    const pod = podOf(run);
    for (const { emptyDir } of pod?.volumes ?? []) {
      if (emptyDir !== undefined) expect(emptyDir.sizeLimit).toMatch(/^\d+[MG]i$/);
    }
    for (const { resources } of [...(pod?.initContainers ?? []), ...(pod?.containers ?? [])]) {
      for (const amounts of [resources?.requests, resources?.limits])
        expect(Object.keys(amounts ?? {}).sort()).toEqual(["cpu", "ephemeral-storage", "memory"]);
    }
  }
});
