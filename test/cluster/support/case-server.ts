/** The standalone server whose runs are pods, with a namespace of their own, and witnesses on a volume that they share. */
import { chmod, mkdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringifyJson } from "../../../src/contract/json.ts";
import type { OpenServer } from "../../cases/server.ts";
import { startStandaloneServer } from "../../support/standalone-server.ts";
import { createLocalWitness } from "../../support/witness.ts";
import { openClusterStage, type ClusterStage } from "./cluster-stage.ts";
import { helperImage } from "./helper-pod.ts";
import { findHostAddress } from "./host-address.ts";
import { testImage } from "./launcher-place.ts";

const claim = "witnesses";

/** Needs a node that has this machine's disk. */
export async function startClusterServer(): Promise<OpenServer & { readonly stage: ClusterStage }> {
  const stage = await openClusterStage();
  const { namespace, core } = stage;
  const directory = join(tmpdir(), namespace);
  await mkdir(directory);
  await makeVolume(stage, directory);
  const server = await startStandaloneServer({
    LAUNCHER: "kubernetes",
    KUBECONFIG: process.env["KUBECONFIG"] ?? "",
    NAMESPACE: namespace,
    CLUSTER: namespace,
    HELPER_IMAGE: helperImage,
    KEEP_FAILED_SECONDS: "0",
    GRACE_SECONDS: "2",
  });
  return {
    ...server,
    stage,
    host: await findHostAddress(core),
    startSeconds: 12,
    adapt: (body) => adapt(body, directory),
    async createWitness() {
      const witness = await createLocalWitness(directory);
      // A pod's user is another one.
      await chmod(witness.path, 0o777);
      return witness;
    },
    async stop() {
      await server.stop();
      await stage.close();
      await core.deletePersistentVolume({ name: namespace });
      await rm(directory, { recursive: true });
    },
  };
}

async function makeVolume({ core, namespace }: ClusterStage, directory: string): Promise<void> {
  const size = { storage: "100Mi" };
  const spec = { accessModes: ["ReadWriteMany"], storageClassName: "" };
  await core.createPersistentVolume({
    body: { metadata: { name: namespace }, spec: { ...spec, capacity: size, hostPath: { path: directory } } },
  });
  await core.createNamespacedPersistentVolumeClaim({
    namespace,
    body: { metadata: { name: claim }, spec: { ...spec, volumeName: namespace, resources: { requests: size } } },
  });
}

/**
 * The image that the cluster has, and the volume where the request speaks of a witness. In the text, as some requests are sent
 * as they were written.
 */
function adapt(body: unknown, directory: string): string {
  const text = typeof body === "string" ? body : stringifyJson(body);
  const template = {
    spec: {
      volumes: [{ name: claim, persistentVolumeClaim: { claimName: claim } }],
      containers: [{ name: "main", volumeMounts: [{ name: claim, mountPath: directory }] }],
    },
  };
  const added = text.includes(directory) ? `,"pod_template":${stringifyJson(template)}` : "";
  return text.replaceAll(/("image"\s*:\s*)"busybox:1\.37"/g, (_, key: string) => `${key}"${testImage}"${added}`);
}
