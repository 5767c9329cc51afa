/** A container that has not started, and why: what its status says while it waits. */
import type { CoreV1Event, V1ContainerStatus, V1Pod } from "@kubernetes/client-node";
import { containers } from "../../job/names.ts";
import { fail } from "./fail.ts";
import { findContainer } from "./pod-parts.ts";
import type { Graces, Sighting, Trouble } from "./sighting.ts";
import { findWarning } from "./warnings.ts";

/** They alternate while the kubelet tries again. */
const pullReasons = new Set([
  "ErrImagePull",
  "ImagePullBackOff",
  "RegistryUnavailable",
  "SignatureValidationFailed",
  "ImageInspectError",
]);

interface Waiting {
  readonly name: string;
  readonly image: string;
  readonly reason: string;
  readonly message: string;
}

/** An image that can't be pulled just now. */
export function isPullFailing(pod: V1Pod): boolean {
  return listWaiting(pod).some(({ reason }) => pullReasons.has(reason));
}

export function findContainerTrouble(
  { pod, warnings, pullFailingSince }: Sighting,
  graces: Graces,
): Trouble | undefined {
  if (pod === undefined) return undefined;
  for (const waiting of listWaiting(pod)) {
    if (waiting.reason === "InvalidImageName")
      return { cause: explainImage("image-invalid", waiting, waiting.message) };
    if (waiting.reason === "ErrImageNeverPull")
      return { cause: explainImage("image-pull-failed", waiting, waiting.message) };
    if (pullReasons.has(waiting.reason) && pullFailingSince !== undefined) {
      const said = findPullWarning(warnings, pod, waiting)?.message ?? waiting.message;
      const cause = explainImage("image-pull-failed", waiting, said.replace(/^Failed to pull image "[^"]*": /, ""));
      return { cause, since: pullFailingSince, seconds: graces.imagePullSeconds };
    }
    if (waiting.reason === "CreateContainerConfigError") return { cause: explainConfig(waiting) };
  }
  return undefined;
}

function explainImage(kind: "image-invalid" | "image-pull-failed", { name, image, reason }: Waiting, said: string) {
  const verb = kind === "image-invalid" ? "use" : "pull";
  const message = `Cannot ${verb} the image ${image} of container ${name}: ${said}`;
  return fail(isHelper(name) ? "helper-failed" : kind, message, { container: name, image, reason });
}

function explainConfig({ name, reason, message: said }: Waiting) {
  const message = `Cannot start container ${name}: ${said}`;
  return fail(isHelper(name) ? "helper-failed" : classifyConfig(said), message, { container: name, reason });
}

/** What a missing key and a missing object are called, in the kubelet's words. */
export function classifyConfig(said: string): "secret-missing" | "config-map-missing" | "config-error" {
  if (/secret "?\S+"? not found|in Secret \S+$/i.test(said)) return "secret-missing";
  if (/configmap "?\S+"? not found|in ConfigMap \S+$/i.test(said)) return "config-map-missing";
  return "config-error";
}

function isHelper(name: string): boolean {
  return name === containers.setup || name === containers.collector;
}

function findPullWarning(warnings: readonly CoreV1Event[], pod: V1Pod, { image }: Waiting): CoreV1Event | undefined {
  const about = warnings.filter(({ message }) => message?.startsWith(`Failed to pull image "${image}"`));
  return findWarning(about, { about: pod, reasons: ["Failed"] });
}

function listWaiting(pod: V1Pod): Waiting[] {
  const { initContainerStatuses = [], containerStatuses = [] } = pod.status ?? {};
  return [...initContainerStatuses, ...containerStatuses].flatMap((status) => describeWaiting(pod, status));
}

function describeWaiting(pod: V1Pod, { name, image, state }: V1ContainerStatus): Waiting[] {
  if (state?.waiting?.reason === undefined) return [];
  const { reason, message } = state.waiting;
  // As it was written: the status may have a name that the kubelet completed.
  return [{ name, image: findContainer(pod, name)?.image ?? image, reason, message: message ?? reason }];
}
