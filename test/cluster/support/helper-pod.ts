/** A pod with both helpers around a container of a test's, written by hand as a run's Job would have it. */
import type { V1Container, V1Pod, V1PodSpec } from "@kubernetes/client-node";
import {
  buildHelperCommand,
  collectorKey,
  exchangeDirectory,
  scratchDirectory,
  setupSpec,
  workspace,
} from "../../../k8s-agent/sidecar/mounts.ts";
import manifest from "../../../package.json" with { type: "json" };
import { buildEnvironment, getSharedDirectory } from "../../../src/contract/container/environment.ts";
import type { ContainerInputs } from "../../../src/contract/container/inputs.ts";
import type { Action } from "../../../src/contract/run.ts";

export const helperImage = process.env["HELPER_IMAGE"] || `localhost/container-driver-agent:${manifest.version}`;
export const mainImage = "docker.io/library/busybox:1.35";

export interface HelperPod {
  readonly name: string;
  readonly inputs: ContainerInputs;
  readonly action: Action;
  /** Run by main's shell. */
  readonly script: string;
  readonly spec?: Partial<V1PodSpec>;
}

/** The Secret has the pod's name. */
export function buildHelperPod({ name, inputs, action, script, spec = {} }: HelperPod): V1Pod {
  const sharedDirectory = getSharedDirectory(inputs);
  const { plain } = buildEnvironment(action, inputs, { sharedDirectory, exchangeDirectory });
  const shared = { name: "shared", mountPath: sharedDirectory, subPath: workspace.name };
  const exchange = { name: "exchange", mountPath: exchangeDirectory };
  const main: V1Container = {
    name: "main",
    image: mainImage,
    command: ["sh", "-c", script],
    workingDir: plain["SCRIPTS_DIRECTORY"] ?? sharedDirectory,
    env: Object.entries(plain).map(([name, value]) => ({ name, value })),
    securityContext: { ...hardened, readOnlyRootFilesystem: false },
    volumeMounts: [shared, exchange],
  };
  return {
    metadata: { name },
    spec: {
      restartPolicy: "Never",
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 30,
      securityContext: { runAsUser: 1000, runAsGroup: 1000, fsGroup: 1000, runAsNonRoot: true },
      initContainers: [
        buildSetup([{ name: "shared", mountPath: workspace.directory }, exchange]),
        buildCollector(action, exchange),
      ],
      containers: [main],
      volumes: [
        { name: "shared", emptyDir: {} },
        { name: "exchange", emptyDir: {} },
        { name: "scratch", emptyDir: { medium: "Memory" } },
        buildProjection("spec", name, setupSpec.file),
        buildProjection("key", name, collectorKey.file),
      ],
      ...spec,
    },
  };
}

type Mount = NonNullable<V1Container["volumeMounts"]>[number];

const hardened = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ["ALL"] },
  seccompProfile: { type: "RuntimeDefault" },
};

function buildSetup(mounts: readonly Mount[]): V1Container {
  return {
    name: "setup",
    image: helperImage,
    command: buildHelperCommand("setup"),
    securityContext: hardened,
    volumeMounts: [
      ...mounts,
      { name: "scratch", mountPath: scratchDirectory },
      { name: "spec", mountPath: setupSpec.directory, readOnly: true },
    ],
  };
}

function buildCollector(action: Action, exchange: Mount): V1Container {
  return {
    name: "collector",
    image: helperImage,
    command: buildHelperCommand("collector", action),
    lifecycle: { postStart: { exec: { command: buildHelperCommand("collector-ready") } } },
    restartPolicy: "Always",
    securityContext: hardened,
    volumeMounts: [exchange, { name: "key", mountPath: collectorKey.directory, readOnly: true }],
  };
}

function buildProjection(name: string, secretName: string, key: string) {
  return { name, secret: { secretName, items: [{ key, path: key }], defaultMode: 0o440 } };
}
