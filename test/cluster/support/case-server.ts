/** The standalone server whose runs are pods, with a namespace of their own, and witnesses on a volume that they share. */
import { chmod, mkdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isJsonObject, parseJson, stringifyJson, type JsonObject } from "../../../src/contract/json.ts";
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

/** The image that the cluster has, and the volume where the request speaks of a witness. */
function adapt(body: unknown, directory: string): unknown {
  const text = stringifyJson(body).replaceAll("busybox:1.37", testImage);
  const parsed = parseJson(text);
  if (!parsed.ok) throw new Error(parsed.problem);
  const copy = parsed.value;
  const values = readPart(readPart(copy, "driver"), "values");
  const job = readPart(values, "job");
  if (values === undefined || job === undefined || !text.includes(directory)) return copy;
  const volumes = [{ name: claim, persistentVolumeClaim: { claimName: claim } }];
  const containers = [{ name: "main", volumeMounts: [{ name: claim, mountPath: directory }] }];
  values["job"] = { ...job, pod_template: { spec: { volumes, containers } } };
  return copy;
}

function readPart(value: unknown, name: string): JsonObject | undefined {
  const part = isJsonObject(value) ? value[name] : undefined;
  return isJsonObject(part) ? part : undefined;
}
