/**
 * What a pod template may say, field by field: `taken`, or a rule that tells what is wrong with a value. Types that stand
 * here are closed: a field that a future Kubernetes adds is refused until somebody has judged it. Of all other types every
 * field is taken. The rules of Pod Security `restricted` are among them, so that no template leads out of it.
 */

/** Says why a value can't be taken, to be read after "path is value, "; undefined when it can. */
export type Rule = (value: unknown) => string | undefined;
export type FieldRule = Rule | "taken";
export type FieldRules = Readonly<Record<string, FieldRule>>;

const notAllowed = "which this cluster's agent does not allow";
const ours = "which the driver sets itself";

const forbid =
  (why: string): Rule =>
  () =>
    why;
const only =
  (values: readonly unknown[], why: string = notAllowed): Rule =>
  (value) =>
    values.includes(value) ? undefined : why;
/** The field would need something that a run never has. */
const useless = forbid("which has no use in a run");

const forbidden = forbid(notAllowed);
const taken = "taken";

const allOf = (names: string, rule: FieldRule): FieldRules =>
  Object.fromEntries(names.split(" ").map((name) => [name, rule]));

const notRoot: Rule = (value) => (value === 0 ? notAllowed : undefined);
const profile = only(["RuntimeDefault", "Localhost"]);

/** https://kubernetes.io/docs/concepts/security/pod-security-standards/ */
const safeSysctls = [
  "kernel.shm_rmid_forced",
  "net.ipv4.ip_local_port_range",
  "net.ipv4.ip_unprivileged_port_start",
  "net.ipv4.tcp_syncookies",
  "net.ipv4.ping_group_range",
  "net.ipv4.ip_local_reserved_ports",
  "net.ipv4.tcp_keepalive_time",
  "net.ipv4.tcp_fin_timeout",
  "net.ipv4.tcp_keepalive_intvl",
  "net.ipv4.tcp_keepalive_probes",
  "net.ipv4.tcp_rmem",
  "net.ipv4.tcp_wmem",
];

const pod: FieldRules = {
  ...allOf(
    "affinity automountServiceAccountToken containers dnsConfig dnsPolicy enableServiceLinks hostAliases",
    taken,
  ),
  ...allOf("hostname hostnameOverride imagePullSecrets initContainers nodeSelector preemptionPolicy", taken),
  ...allOf("resourceClaims runtimeClassName schedulerName schedulingGates securityContext", taken),
  ...allOf("serviceAccount serviceAccountName setHostnameAsFQDN subdomain tolerations", taken),
  ...allOf("topologySpreadConstraints volumes", taken),
  ...allOf("hostIPC hostNetwork hostPID hostUsers", only([false])),
  // With it main could read the collector's key through /proc.
  shareProcessNamespace: only([false]),
  // Past the scheduler, and so past taints and quotas.
  nodeName: forbidden,
  priorityClassName: (value) => (typeof value === "string" && value.startsWith("system-") ? notAllowed : undefined),
  priority: forbid("which Kubernetes sets: name a priorityClassName"),
  overhead: forbid("which Kubernetes sets: name a runtimeClassName"),
  os: forbid("and runs are always on Linux"),
  resources: forbid("give resources to containers, which all have some"),
  restartPolicy: only(["Never"], ours),
  activeDeadlineSeconds: forbid(`${ours}: say driver.values.timeout`),
  terminationGracePeriodSeconds: forbid(ours),
  ...allOf("ephemeralContainers readinessGates schedulingGroup", useless),
};

const container: FieldRules = {
  ...allOf("args command env envFrom image imagePullPolicy lifecycle livenessProbe name ports readinessProbe", taken),
  ...allOf("resizePolicy resources securityContext startupProbe stdin stdinOnce tty volumeDevices volumeMounts", taken),
  // Where they are allowed depends on the container: see take-apart.ts.
  ...allOf("restartPolicy workingDir", taken),
  // A run is one attempt.
  restartPolicyRules: forbidden,
  // The log's end would go into the pod's status, which many may read.
  terminationMessagePolicy: only(["File"], ours),
  terminationMessagePath: forbid(ours),
};

/** Those of Pod Security `restricted`. */
const volumeTypes = "configMap csi downwardAPI emptyDir ephemeral persistentVolumeClaim projected secret";
const otherVolumeTypes =
  "awsElasticBlockStore azureDisk azureFile cephfs cinder fc flexVolume flocker gcePersistentDisk gitRepo glusterfs " +
  "hostPath image iscsi nfs photonPersistentDisk portworxVolume quobyte rbd scaleIO storageos vsphereVolume";

const seLinuxTypes = ["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"];

export const rules: Readonly<Record<string, FieldRules>> = {
  V1PodTemplateSpec: allOf("metadata spec", taken),
  V1ObjectMeta: {
    ...allOf("annotations labels", taken),
    namespace: forbid("which is chosen by driver.values.job.namespace"),
    ...allOf("generateName name", forbid("which follows from the run's id")),
    ...allOf("creationTimestamp deletionGracePeriodSeconds deletionTimestamp generation managedFields", useless),
    ...allOf("resourceVersion selfLink uid", useless),
    ...allOf("finalizers ownerReferences", forbidden),
  },
  V1PodSpec: pod,
  V1Container: container,
  V1PodSecurityContext: {
    ...allOf("fsGroup fsGroupChangePolicy runAsGroup seLinuxChangePolicy seLinuxOptions seccompProfile", taken),
    ...allOf("appArmorProfile supplementalGroups supplementalGroupsPolicy sysctls", taken),
    runAsNonRoot: only([true]),
    runAsUser: notRoot,
    windowsOptions: forbidden,
  },
  V1SecurityContext: {
    ...allOf("appArmorProfile capabilities readOnlyRootFilesystem runAsGroup seLinuxOptions seccompProfile", taken),
    ...allOf("allowPrivilegeEscalation privileged", only([false])),
    procMount: only(["Default"]),
    runAsNonRoot: only([true]),
    runAsUser: notRoot,
    windowsOptions: forbidden,
  },
  V1Capabilities: { drop: taken, add: (value) => (isListOf(value, ["NET_BIND_SERVICE"]) ? undefined : notAllowed) },
  V1SeccompProfile: { localhostProfile: taken, type: profile },
  V1AppArmorProfile: { localhostProfile: taken, type: profile },
  V1SELinuxOptions: { level: taken, type: only(seLinuxTypes), ...allOf("role user", only([""])) },
  V1Sysctl: { value: taken, name: only(safeSysctls) },
  V1ContainerPort: {
    ...allOf("containerPort name protocol", taken),
    hostPort: only([0]),
    hostIP: forbidden,
  },
  // The kubelet calls them, from the node's network.
  V1HTTPGetAction: { ...allOf("httpHeaders path port scheme", taken), host: only([""]) },
  V1TCPSocketAction: { port: taken, host: only([""]) },
  V1Lifecycle: { ...allOf("postStart preStop", taken), stopSignal: forbid("and a run is stopped by SIGTERM") },
  V1Volume: { name: taken, ...allOf(volumeTypes, taken), ...allOf(otherVolumeTypes, forbidden) },
  V1EnvVarSource: {
    ...allOf("configMapKeyRef fieldRef resourceFieldRef secretKeyRef", taken),
    // Out of any volume of the pod, ours among them.
    fileKeyRef: forbidden,
  },
  V1VolumeProjection: {
    ...allOf("clusterTrustBundle configMap downwardAPI secret serviceAccountToken", taken),
    podCertificate: forbidden,
  },
};

/** Fields that what is built from a template, or its being allowed, relies on; the API server tells of others. */
export const required: Readonly<Record<string, readonly string[]>> = {
  V1EnvVar: ["name"],
  V1VolumeMount: ["name", "mountPath"],
  V1VolumeDevice: ["name", "devicePath"],
  V1Volume: ["name"],
  V1LocalObjectReference: ["name"],
  V1SeccompProfile: ["type"],
  V1AppArmorProfile: ["type"],
  V1Sysctl: ["name"],
};

function isListOf(value: unknown, allowed: readonly unknown[]): boolean {
  return Array.isArray(value) && value.every((one) => allowed.includes(one));
}

const ownPrefix = "container-driver.dev/";

/** Labels that the agent, or the Job's controller, finds pods by. */
export function judgeLabel(key: string): string | undefined {
  const reserved = [ownPrefix, "batch.kubernetes.io/"].some((prefix) => key.startsWith(prefix));
  const named = ["app.kubernetes.io/managed-by", "job-name", "controller-uid"].includes(key);
  return reserved || named ? ours : undefined;
}

/** Annotations that older Kubernetes takes orders from. */
export function judgeAnnotation(key: string): string | undefined {
  if (key.startsWith(ownPrefix) || key.startsWith("batch.kubernetes.io/")) return ours;
  const old = /^(container\.)?(seccomp\.security\.alpha|apparmor\.security\.beta)\.kubernetes\.io(\/|$)/;
  return old.test(key) ? "use seccompProfile or appArmorProfile of securityContext" : undefined;
}
