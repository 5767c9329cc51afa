/** The volumes of a run's pod, and where each is mounted. */
import { collectorKey, exchangeDirectory, scratchDirectory, setupSpec, workspace } from "../sidecar/mounts.ts";
import type { Mount, Volume } from "./plain.ts";
import { volumeSizes } from "./resources.ts";

/** A template can't have volumes of these names. */
export const volumes = {
  shared: "shared",
  exchange: "exchange",
  scratch: "setup-scratch",
  spec: "setup-spec",
  key: "collector-key",
  noToken: "no-token",
} as const;

/** Where Kubernetes puts the service account's token into every container that mounts nothing there. */
const tokenDirectory = "/var/run/secrets/kubernetes.io/serviceaccount";

export interface VolumeOptions {
  /** The run's own. */
  readonly secretName: string;
  readonly withToken: boolean;
}

export function buildVolumes({ secretName, withToken }: VolumeOptions): Volume[] {
  return [
    { name: volumes.shared, emptyDir: { sizeLimit: volumeSizes.shared } },
    { name: volumes.exchange, emptyDir: { sizeLimit: volumeSizes.exchange } },
    // In memory: git's credentials don't reach a disk.
    { name: volumes.scratch, emptyDir: { medium: "Memory", sizeLimit: volumeSizes.scratch } },
    project(volumes.spec, secretName, setupSpec.file),
    project(volumes.key, secretName, collectorKey.file),
    ...(withToken ? [{ name: volumes.noToken, emptyDir: { sizeLimit: "1Mi" } }] : []),
  ];
}

/** One key of the run's Secret and no other. Its group, `fsGroup`, may read it. */
function project(name: string, secretName: string, key: string): Volume {
  return { name, secret: { secretName, items: [{ key, path: key }], defaultMode: 0o440 } };
}

export function mountShared(sharedDirectory: string): Mount {
  return shareWorkspace({ name: volumes.shared, mountPath: sharedDirectory });
}

/** What containers but setup call the volume `shared` is the directory in it that setup makes. */
export function shareWorkspace(mount: Mount): Mount {
  if (mount.name !== volumes.shared) return mount;
  const { subPath = "", subPathExpr = "" } = mount;
  if (subPathExpr !== "") return { ...mount, subPathExpr: `${workspace.name}/${subPathExpr}` };
  return { ...mount, subPath: subPath === "" ? workspace.name : `${workspace.name}/${subPath}` };
}

export const exchangeMount: Mount = { name: volumes.exchange, mountPath: exchangeDirectory };

export const setupMounts: readonly Mount[] = [
  { name: volumes.shared, mountPath: workspace.directory },
  { name: volumes.scratch, mountPath: scratchDirectory },
  { name: volumes.spec, mountPath: setupSpec.directory, readOnly: true },
];

export const collectorMounts: readonly Mount[] = [
  { name: volumes.key, mountPath: collectorKey.directory, readOnly: true },
];

/** Helpers need no identity: an empty directory where their token would be keeps it out. */
export function hideToken(withToken: boolean): readonly Mount[] {
  return withToken ? [{ name: volumes.noToken, mountPath: tokenDirectory, readOnly: true }] : [];
}

/** Directories of main's that the shared directory can neither be in nor hold: others have something there. */
const kept = [exchangeDirectory, tokenDirectory, "/proc", "/sys", "/dev"];

/** The path that the shared directory gets in the way of, if any. */
export function findConflict(sharedDirectory: string): string | undefined {
  const inside = (path: string, directory: string) => `${path}/`.startsWith(`${directory}/`);
  return kept.find((path) => inside(path, sharedDirectory) || inside(sharedDirectory, path));
}
