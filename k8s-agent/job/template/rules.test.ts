import { describe, expect, test } from "vitest";
import { buildRunWith, buildWith } from "../workloads.fixture.ts";
import { listFields } from "./check-template.ts";
import { rules } from "./rules.ts";

test.for(Object.keys(rules))("every field of %s that Kubernetes has is judged, and no other", (type) => {
  const known = listFields(type).map(({ baseName }) => baseName);
  expect(Object.keys(rules[type] ?? {}).sort()).toEqual(known.sort());
});

const problemOf = (pod_template: unknown, changes: object = {}) => {
  const built = buildWith(buildRunWith({ pod_template }), changes);
  return built.ok ? "" : built.problem;
};
const withMain = (main: object) => ({ spec: { containers: [{ name: "main", ...main }] } });
const withSecurity = (securityContext: object) => withMain({ securityContext });
const withVolume = (volume: object) => ({ spec: { volumes: [{ name: "v", ...volume }] } });
const main = "spec.containers[0]";
const run = "run-01jd0v8e3k7xw2m4n6p8q0r1s3";
const notAllowed = "which this cluster's agent does not allow";
const own = "which the driver sets itself";

/** Templates, where what is wrong stands, and what is wrong. */
const refused: [template: object, path: string, fault: string][] = [
  [withSecurity({ privileged: true }), `${main}.securityContext.privileged`, `is true, ${notAllowed}`],
  [withSecurity({ allowPrivilegeEscalation: true }), `${main}.securityContext.allowPrivilegeEscalation`, "is true"],
  [withSecurity({ runAsUser: 0 }), `${main}.securityContext.runAsUser`, `is 0, ${notAllowed}`],
  [withSecurity({ runAsNonRoot: false }), `${main}.securityContext.runAsNonRoot`, "is false"],
  [withSecurity({ procMount: "Unmasked" }), `${main}.securityContext.procMount`, 'is "Unmasked"'],
  [withSecurity({ capabilities: { add: ["SYS_ADMIN"] } }), `${main}.securityContext.capabilities.add`, "is set"],
  [withSecurity({ seccompProfile: { type: "Unconfined" } }), `${main}.securityContext.seccompProfile.type`, "is"],
  [withSecurity({ appArmorProfile: { type: "Unconfined" } }), `${main}.securityContext.appArmorProfile.type`, "is"],
  [withSecurity({ seLinuxOptions: { type: "spc_t" } }), `${main}.securityContext.seLinuxOptions.type`, 'is "spc_t"'],
  [withSecurity({ seLinuxOptions: { user: "u" } }), `${main}.securityContext.seLinuxOptions.user`, 'is "u"'],
  [withSecurity({ windowsOptions: { hostProcess: true } }), `${main}.securityContext.windowsOptions`, "is set"],
  [{ spec: { securityContext: { runAsUser: 0 } } }, "spec.securityContext.runAsUser", "is 0"],
  [{ spec: { securityContext: { runAsNonRoot: false } } }, "spec.securityContext.runAsNonRoot", "is false"],
  [
    { spec: { securityContext: { sysctls: [{ name: "kernel.msgmax", value: "1" }] } } },
    "spec.securityContext.sysctls[0].name",
    'is "kernel.msgmax"',
  ],
  ...["hostNetwork", "hostPID", "hostIPC", "hostUsers", "shareProcessNamespace"].map(
    (name): [object, string, string] => [{ spec: { [name]: true } }, `spec.${name}`, `is true, ${notAllowed}`],
  ),
  [{ spec: { nodeName: "n1" } }, "spec.nodeName", `is "n1", ${notAllowed}`],
  [{ spec: { priorityClassName: "system-node-critical" } }, "spec.priorityClassName", notAllowed],
  [{ spec: { ephemeralContainers: [] } }, "spec.ephemeralContainers", "has no use in a run"],
  [{ spec: { os: { name: "windows" } } }, "spec.os", "runs are always on Linux"],
  [{ spec: { restartPolicy: "OnFailure" } }, "spec.restartPolicy", `is "OnFailure", ${own}`],
  [{ spec: { activeDeadlineSeconds: 9 } }, "spec.activeDeadlineSeconds", "say driver.values.timeout"],
  [{ spec: { terminationGracePeriodSeconds: 0 } }, "spec.terminationGracePeriodSeconds", own],
  [{ spec: { serviceAccountName: "admin" } }, "spec.serviceAccountName", `is "admin", ${notAllowed}; it allows runner`],
  [{ spec: { serviceAccount: "admin" } }, "spec.serviceAccount", 'is "admin"'],
  ...["hostPath", "nfs", "gitRepo", "image", "flexVolume"].map((type): [object, string, string] => [
    withVolume({ [type]: { path: "/" } }),
    `spec.volumes[0].${type}`,
    notAllowed,
  ]),
  [withVolume({ secret: { secretName: run } }), "spec.volumes[0].secret.secretName", "belongs to a run"],
  [
    withVolume({ projected: { sources: [{ secret: { name: run } }] } }),
    "spec.volumes[0].projected.sources[0].secret.name",
    "belongs to a run",
  ],
  [
    withVolume({ projected: { sources: [{ serviceAccountToken: { path: "t" } }] } }),
    "spec.volumes[0].projected.sources[0].serviceAccountToken",
    "needs a service account",
  ],
  [{ spec: { volumes: [{ name: "exchange", emptyDir: {} }] } }, "spec.volumes[0].name", "a volume of the driver's own"],
  [{ spec: { volumes: [{ emptyDir: {} }] } }, "spec.volumes[0].name", "is missing"],
  [{ spec: { securityContext: { sysctls: [{}] } } }, "spec.securityContext.sysctls[0].name", "is missing"],
  [{ spec: { volumes: [{ name: "a" }, { name: "a" }] } }, "spec.volumes[1].name", "for the second time"],
  [withMain({ ports: [{ containerPort: 1, hostPort: 1 }] }), `${main}.ports[0].hostPort`, "is 1"],
  [withMain({ envFrom: [{ secretRef: { name: run } }] }), `${main}.envFrom[0].secretRef.name`, "belongs to a run"],
  [
    withMain({ env: [{ name: "A", valueFrom: { secretKeyRef: { name: run, key: "key" } } }] }),
    `${main}.env[0].valueFrom.secretKeyRef.name`,
    "belongs to a run",
  ],
  [
    withMain({
      env: [{ name: "A", valueFrom: { fileKeyRef: { volumeName: "collector-key", path: "key", key: "x" } } }],
    }),
    `${main}.env[0].valueFrom.fileKeyRef`,
    notAllowed,
  ],
  [
    withSecurity({ seccompProfile: { localhostProfile: "x" } }),
    `${main}.securityContext.seccompProfile.type`,
    "is missing",
  ],
  [withMain({ env: [{ name: "ACTION", value: "x" }] }), `${main}.env[0].name`, "container contract's own variables"],
  [withMain({ workingDir: "/" }), `${main}.workingDir`, own],
  [withMain({ restartPolicy: "Always" }), `${main}.restartPolicy`, own],
  [withMain({ restartPolicyRules: [] }), `${main}.restartPolicyRules`, notAllowed],
  [withMain({ terminationMessagePolicy: "FallbackToLogsOnError" }), `${main}.terminationMessagePolicy`, own],
  [withMain({ lifecycle: { stopSignal: "SIGKILL" } }), `${main}.lifecycle.stopSignal`, "stopped by SIGTERM"],
  [withMain({ livenessProbe: { httpGet: { host: "h", port: 1 } } }), `${main}.livenessProbe.httpGet.host`, 'is "h"'],
  ...[
    "/run/container-driver",
    "/run//container-driver/",
    "run/container-driver",
    "/run/x/../container-driver/outputs.json",
  ]
    .concat("/home/runneruser/workspace", "/home/runneruser/./workspace/")
    .map((mountPath): [object, string, string] => [
      withMain({ volumeMounts: [{ name: "v", mountPath }] }),
      `${main}.volumeMounts[0].mountPath`,
      own,
    ]),
  ...["collector-key", "setup-spec", "setup-scratch", "exchange", "shared"].map((name): [object, string, string] => [
    withMain({ volumeMounts: [{ name, mountPath: "/x" }] }),
    `${main}.volumeMounts[0].name`,
    "a volume of the driver's own",
  ]),
  ...["setup", "collector", "main"].map((name): [object, string, string] => [
    { spec: { initContainers: [{ name, image: "x" }] } },
    "spec.initContainers[0].name",
    "is the name of another container",
  ]),
  [{ spec: { containers: [{ name: "collector", image: "x" }] } }, `${main}.name`, "is the name of another container"],
  [
    {
      spec: {
        containers: [
          { name: "a", image: "x" },
          { name: "a", image: "x" },
        ],
      },
    },
    "spec.containers[1].name",
    "second",
  ],
  [{ spec: { containers: [{ name: "main" }, { name: "main" }] } }, "spec.containers[1].name", "second time"],
  [{ spec: { containers: [{ name: "proxy" }] } }, `${main}.image`, "is missing"],
  [{ spec: { containers: [{ image: "x" }, { image: "y" }] } }, `${main}.name`, "is missing"],
  [
    { spec: { initContainers: [{ name: "a", image: "x", restartPolicy: "Never" }] } },
    "spec.initContainers[0]",
    "Always",
  ],
  [{ metadata: { namespace: "kube-system" } }, "metadata.namespace", "driver.values.job.namespace"],
  [{ metadata: { ownerReferences: [] } }, "metadata.ownerReferences", notAllowed],
  [{ metadata: { labels: { "container-driver.dev/run-id": "x" } } }, "metadata.labels", own],
  [{ metadata: { labels: { "job-name": "x" } } }, "metadata.labels.job-name", own],
  [
    { metadata: { annotations: { "container.apparmor.security.beta.kubernetes.io/main": "unconfined" } } },
    "metadata.annotations",
    "use seccompProfile or appArmorProfile",
  ],
  [{ spec: { nodeSelektor: {} } }, "spec.nodeSelektor", "is not known to Kubernetes"],
  [{ spec: { $patch: "replace" } }, "spec.$patch", "is not known to Kubernetes"],
  [withMain({ "$setElementOrder/env": [] }), main, "is not known to Kubernetes"],
  [{ sepc: {} }, "sepc", "is not known to Kubernetes"],
  [{ imagePullSecrets: [{ name: "a" }] }, "imagePullSecrets", "is not known to Kubernetes"],
  [withMain({ env: [{ name: "PORT", value: 1 }] }), `${main}.env[0].value`, "is a number, must be text"],
  [withMain({ env: { A: "b" } }), `${main}.env`, "is an object, must be a list"],
  [withMain({ env: [null] }), `${main}.env[0]`, "is null, must be an object"],
  [withMain({ resources: { limits: { memory: "1gb" } } }), `${main}.resources.limits.memory`, "must be an amount"],
  [{ spec: { securityContext: { fsGroup: 1.5 } } }, "spec.securityContext.fsGroup", "must be a whole number"],
];

describe("a template is refused", () => {
  test.for(refused)("%j", ([template, path, fault]) => {
    const problem = problemOf(template);
    expect(problem).toMatch(/^Cannot use driver\.values\.job\.pod_template: /);
    expect(problem).toContain(path);
    expect(problem).toContain(fault);
  });

  test("with the same words whether it is an object or YAML", () => {
    const sentence = `Cannot use driver.values.job.pod_template: spec.hostNetwork is true, ${notAllowed}`;
    expect(problemOf({ spec: { hostNetwork: true } })).toBe(sentence);
    expect(problemOf("spec: {hostNetwork: true}")).toBe(sentence);
  });

  test("with the first five of its faults, and how many more there are", () => {
    const problem = problemOf(`spec: {${Array.from("abcdefg", (name) => `${name}: 1`).join(", ")}}`);
    expect(problem).toContain("spec.e is not known to Kubernetes; and 2 more");
  });

  test("when it is too long, with limit and actual size", () => {
    expect(problemOf(`# ${"x".repeat(70_000)}`)).toContain("it is 70002 bytes, the limit is 65536 bytes");
  });

  test.for(["a text", "[]", "- a", "1"])("when it is no object: %s", (text) => {
    expect(problemOf(text)).toMatch(/it is .*, must be an object$/);
  });
});

describe("a template is taken", () => {
  const taken: object[] = [
    {},
    {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { labels: { a: "b" }, creationTimestamp: null },
      spec: { volumes: null },
    },
    { spec: { hostNetwork: false, hostUsers: false, restartPolicy: "Never", nodeSelector: null } },
    { spec: { serviceAccountName: "runner", automountServiceAccountToken: false } },
    withSecurity({ capabilities: { add: ["NET_BIND_SERVICE"], drop: ["NET_RAW"] }, privileged: false }),
    withVolume({ secret: { secretName: "run-config" } }),
    withVolume({ csi: { driver: "secrets-store.csi.k8s.io", readOnly: true } }),
    withMain({ volumeMounts: [{ name: "v", mountPath: "/home/runneruser/workspace/.cache" }] }),
    withMain({ volumeMounts: [{ name: "v", mountPath: "/home/runneruser" }], resources: { limits: { cpu: 2 } } }),
    { spec: { containers: [{ resources: {} }] } },
  ];
  test.for(taken)("%j", (template) => {
    expect(problemOf(template)).toBe("");
  });

  test.for(["", "\n", "# nothing\n"])("as none when it is %j", (text) => {
    expect(problemOf(text)).toBe("");
  });
});
