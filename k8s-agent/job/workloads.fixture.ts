/** Runs for every public use of the driver, and the settings of an agent that carries them out. */
import { realRequests } from "../../src/contract/container/requests.fixture.ts";
import { containerDriver } from "../../src/catalog/container/container.ts";
import { check } from "../../src/contract/decode.ts";
import { InputData } from "../../src/contract/driver-api/input-data.ts";
import type { JsonObject } from "../../src/contract/json.ts";
import type { Run, RunOrder } from "../../src/contract/run.ts";
import type { Result } from "../../src/contract/result.ts";
import { buildWorkload, type Workload } from "./build-workload.ts";
import type { JobSettings } from "./settings.ts";

export const settings: JobSettings = {
  cluster: "acme-eu",
  namespace: "runs",
  namespaces: ["runs", "runners"],
  serviceAccounts: ["runner"],
  helperImage: "registry.example/container-driver/agent:1.0.0",
  helperImagePullPolicy: "IfNotPresent",
  imagePullSecrets: [],
  graceSeconds: 600,
  backstopSeconds: 120,
};

export const collectorKey = "Y29sbGVjdG9yLWtleS1vZi0zMi1ieXRlcy1sZW5ndGg";

/** What a front door makes of a request. */
export function buildRun(request: JsonObject | object, order: Partial<RunOrder> = {}): Run {
  const data = check(InputData, request);
  const wanted = data.ok ? containerDriver.toWanted(data.value) : data;
  if (!wanted.ok) throw new Error(wanted.problem);
  return {
    inputs: wanted.value.inputs,
    order: {
      v: 1,
      cluster: settings.cluster,
      runId: "01jd0v8e3k7xw2m4n6p8q0r1s2",
      driver: "container",
      guresid: "3f786850e387550fdab836ed7e6dc881de23001b",
      type: wanted.value.inputs.type,
      action: "create",
      runKey: "cnVuLWtleS1vZi10aGlzLXJ1bi0zMi1ieXRlcy1sb25n",
      runKeyId: "s1",
      inputsDigest: "LCa0a2j_xo_5m0U8HTBBNBNCLXBkg7-g",
      requestedAt: "2027-01-15T08:00:00.000Z",
      ...order,
    },
  };
}

/** A run of one image with a pod template, and more of `driver` where that matters. */
export function buildRunWith(job: object, more: { values?: object; secrets?: object } = {}): Run {
  const values = { job: { image: "registry.example/main:1", ...job }, ...more.values };
  return buildRun({ type: "s3", resource: {}, driver: { values, ...(more.secrets && { secrets: more.secrets }) } });
}

export function buildWith(run: Run, changes: Partial<JobSettings> = {}): Result<Workload> {
  return buildWorkload(run, { settings: { ...settings, ...changes }, collectorKey });
}

/** The workload, or an exception with the problem. */
export function mustBuild(run: Run, changes: Partial<JobSettings> = {}): Workload {
  const built = buildWith(run, changes);
  if (!built.ok) throw new Error(built.problem);
  return built.value;
}

const sidecarTemplate = `
metadata:
  labels: {team: data}
  annotations: {sidecar.istio.io/inject: "false"}
spec:
  nodeSelector: {kubernetes.io/arch: amd64}
  tolerations:
    - {key: dedicated, operator: Equal, value: runs, effect: NoSchedule}
  volumes:
    - {name: cache, persistentVolumeClaim: {claimName: plugin-cache}}
    - {name: proxy-socket, emptyDir: {}}
    - {name: ca, configMap: {name: company-ca, defaultMode: 0444}}
  containers:
    - name: main
      resources:
        requests: {memory: 4Gi}
      env:
        - {name: TF_PLUGIN_CACHE_DIR, value: /cache}
      volumeMounts:
        - {name: cache, mountPath: /cache}
        - {name: proxy-socket, mountPath: /proxy}
        - {name: ca, mountPath: /etc/ssl/company, readOnly: true}
    - name: proxy
      image: registry.example/db-proxy:2.1
      args: [--unix-socket, /proxy]
      volumeMounts:
        - {name: proxy-socket, mountPath: /proxy}
  initContainers:
    - name: decrypt
      image: registry.example/decrypt:1.0
      volumeMounts:
        - {name: shared, mountPath: /work}
`;

const userTemplate = {
  spec: {
    securityContext: { fsGroup: 65532 },
    containers: [{ name: "main", securityContext: { runAsUser: 65532, runAsGroup: 65532 } }],
  },
};

/** By the name of its golden file. */
export const runs: Readonly<Record<string, Run>> = {
  "plain-create": buildRun(realRequests["nothing but an image"]),
  "plain-destroy": buildRun(realRequests["nothing but an image"], { action: "destroy" }),
  "terraform-inline-files": buildRun(realRequests["inline code"]),
  "terraform-ssh-source": buildRun(realRequests["a private repository by ssh"], { unlessCommit: "0".repeat(40) }),
  "terraform-https-source-and-secret-variables": buildRun(
    realRequests["a private repository by https, and secret variables"],
  ),
  script: buildRun(realRequests["a script for an image that has none"]),
  "script-variables": buildRun(realRequests["credentials as a file, and a template that names the image"]),
  "sidecar-volumes-tolerations": buildRunWith({ pod_template: sidecarTemplate }),
  "another-user": buildRunWith({ pod_template: userTemplate }),
  "manifests-and-a-long-guresid": buildRun(
    {
      type: "my-org/ingress",
      resource: { host: "shop.example", replicas: 3 },
      driver: { values: { job: { image: "registry.example/ingress:1", args: ["--price", "$(PRICE) is $$5"] } } },
    },
    { guresid: `a${"0123456789".repeat(12)}z` },
  ),
};
