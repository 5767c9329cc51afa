/**
 * Pod Security `restricted`, written from the published standard and apart from the rules of templates:
 * https://kubernetes.io/docs/concepts/security/pod-security-standards/
 */
import type { V1Container, V1PodTemplateSpec, V1SecurityContext } from "@kubernetes/client-node";

const volumeTypes = "configMap csi downwardAPI emptyDir ephemeral persistentVolumeClaim projected secret".split(" ");

/** One sentence for each breach. */
export function listBreaches({ metadata, spec }: V1PodTemplateSpec): string[] {
  const pod = spec?.securityContext ?? {};
  const containers = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])];
  const found: (string | false)[] = [
    spec?.hostNetwork === true && "hostNetwork",
    spec?.hostPID === true && "hostPID",
    spec?.hostIPC === true && "hostIPC",
    (pod.windowsOptions?.hostProcess ?? false) && "windowsOptions.hostProcess",
    pod.runAsUser === 0 && "pod runAsUser 0",
    pod.runAsNonRoot === false && "pod runAsNonRoot false",
    ...listProfileBreaches("pod", pod),
    ...(pod.sysctls ?? []).map(({ name }) => !safeSysctl.test(name) && `sysctl ${name}`),
    ...(spec?.volumes ?? []).flatMap(({ name, ...sources }) =>
      Object.keys(sources).map((type) => !volumeTypes.includes(type) && `volume ${name} is a ${type}`),
    ),
    ...Object.entries(metadata?.annotations ?? {}).map(
      ([key, value]) => key.startsWith("container.apparmor") && value === "unconfined" && `annotation ${key}`,
    ),
  ];
  return [...found.filter((one) => one !== false), ...containers.flatMap((one) => listContainerBreaches(one, pod))];
}

const safeSysctl =
  /^(kernel\.shm_rmid_forced|net\.ipv4\.(ip_local_port_range|ip_unprivileged_port_start|tcp_syncookies|ping_group_range|ip_local_reserved_ports|tcp_keepalive_time|tcp_fin_timeout|tcp_keepalive_intvl|tcp_keepalive_probes|tcp_rmem|tcp_wmem))$/;

function listContainerBreaches(container: V1Container, pod: V1SecurityContext): string[] {
  const { name, securityContext: own = {} } = container;
  const { add = [], drop = [] } = own.capabilities ?? {};
  const probes = [container.livenessProbe, container.readinessProbe, container.startupProbe];
  const hooks = [container.lifecycle?.postStart, container.lifecycle?.preStop];
  const hosts = [...probes, ...hooks].flatMap((one) => [one?.httpGet?.host, one?.tcpSocket?.host]);
  const found: (string | false)[] = [
    own.privileged === true && "privileged",
    own.allowPrivilegeEscalation !== false && "allowPrivilegeEscalation",
    !drop.includes("ALL") && "does not drop ALL",
    add.some((one) => one !== "NET_BIND_SERVICE") && "adds capabilities",
    (own.procMount ?? "Default") !== "Default" && "procMount",
    own.runAsUser === 0 && "runAsUser 0",
    (own.runAsNonRoot ?? pod.runAsNonRoot) !== true && "runAsNonRoot",
    !["RuntimeDefault", "Localhost"].includes((own.seccompProfile ?? pod.seccompProfile)?.type ?? "") && "seccomp",
    (own.windowsOptions?.hostProcess ?? false) && "windowsOptions.hostProcess",
    ...listProfileBreaches("own", own),
    ...(container.ports ?? []).map(({ hostPort = 0 }) => hostPort !== 0 && `hostPort ${hostPort}`),
    ...hosts.map((host) => (host ?? "") !== "" && `probe of host ${host}`),
  ];
  return found.filter((one) => one !== false).map((breach) => `${name}: ${breach}`);
}

type Profiles = Pick<V1SecurityContext, "seLinuxOptions" | "appArmorProfile" | "seccompProfile">;

function listProfileBreaches(of: string, { seLinuxOptions, appArmorProfile, seccompProfile }: Profiles) {
  const types = ["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"];
  return [
    !types.includes(seLinuxOptions?.type ?? "") && `${of} seLinuxOptions.type`,
    ((seLinuxOptions?.user ?? "") !== "" || (seLinuxOptions?.role ?? "") !== "") && `${of} seLinuxOptions`,
    appArmorProfile?.type === "Unconfined" && `${of} appArmorProfile`,
    seccompProfile?.type === "Unconfined" && `${of} seccompProfile`,
  ];
}
