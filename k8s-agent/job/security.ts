/** Every container obeys the Pod Security Standard `restricted`, whatever the namespace enforces. */
import type { Container, PodSpec } from "./plain.ts";

type ContainerSecurity = NonNullable<Container["securityContext"]>;
type PodSecurity = NonNullable<PodSpec["securityContext"]>;

/** Images without a user of their own run as this one; images with another name it in the pod template. */
const defaultUser = 1000;

/** Setup is always this user, which the helpers' image knows by name: ssh refuses to work for one that nobody knows. */
export const setupUser = { runAsUser: defaultUser, runAsGroup: defaultUser } as const;

/** `fsGroup`: any user of the pod can read the volumes of the Secret and write the others. */
const podSecurity: PodSecurity = {
  runAsNonRoot: true,
  runAsUser: defaultUser,
  runAsGroup: defaultUser,
  fsGroup: defaultUser,
  seccompProfile: { type: "RuntimeDefault" },
};

const containerSecurity: ContainerSecurity = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ["ALL"] },
};

export const helperSecurity: ContainerSecurity = { ...containerSecurity, readOnlyRootFilesystem: true };

/** A template's word over ours. Capabilities: what it drops is part of ALL, and replacing the list would give some back. */
export function mergeContainerSecurity(given: ContainerSecurity = {}): ContainerSecurity {
  return {
    ...containerSecurity,
    ...given,
    capabilities: { ...given.capabilities, ...containerSecurity.capabilities },
  };
}

export function mergePodSecurity(given: PodSecurity = {}): PodSecurity {
  return { ...podSecurity, ...given };
}
