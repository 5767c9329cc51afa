/** What to do about a run that ended badly, by its reason. */
import type { FailureReason } from "../../contract/errors.ts";

const advice: Readonly<Record<FailureReason, string>> = {
  "invalid-request":
    "Mend the request: what is wrong with it stands above. If that speaks of keys or front doors, tell the operator.",
  "launch-refused":
    "The cluster's agent doesn't allow what the request asks for: ask for something else, or have its operator allow it.",
  "exit-code":
    "The container itself gave up: its own words and the log say why. Sending the same request again tries again.",
  signal:
    "Something on the node ended the container. If it wasn't you, try again, and look at the node if it comes back.",
  "outputs-invalid":
    "Mend what the container writes: a JSON object to OUTPUTS_FILE and SECRET_OUTPUTS_FILE, a list to MANIFESTS_FILE.",
  cancelled:
    "Somebody stopped it, maybe half-way. Sending the request again makes the resource as wanted; destroy clears it away.",
  "setup-failed":
    "The code or the files could not be laid out before the container began: look at source.url, source.ref, source.path and the credentials.",
  "start-failed": "The container could not be started: look at job.command, and whether the image has that program.",
  "out-of-memory": "It needed more memory than it may have: raise resources.limits.memory of main in job.pod_template.",
  deadline: "It did not end in time: raise timeout in driver.values, or find out in the log what it was waiting for.",
  lost: "Nobody saw how it ended. What it did may be half done: send the request again.",
  "image-invalid": "The image's name can't be right: mend job.image.",
  "image-pull-failed":
    "The node can't get the image: check its name and tag, and imagePullSecrets in job.pod_template.",
  "config-error": "The pod's description can't be carried out: mend job.pod_template.",
  "service-account-missing": "Make the service account in the run's namespace, or mend job.service_account.",
  "secret-missing": "Make the secret in the run's namespace, or mend job.pod_template.",
  "config-map-missing": "Make the config map in the run's namespace, or mend job.pod_template.",
  unschedulable:
    "No node takes the pod: look at its resource requests, node selectors and tolerations, and at how full the cluster is.",
  "quota-exceeded": "The namespace has used up its quota: wait until other runs have ended, or raise it.",
  "admission-refused":
    "A rule of the cluster's refuses the pod: its words stand above; mend job.pod_template, or choose another namespace.",
  "no-pod": "The cluster made no pod, without a reason: look at the Job's events, and whether its controller runs.",
  evicted: "The node ran short and put the pod out: try again, and give it resource requests.",
  "node-lost": "The node went away: try again.",
  "pod-deleted": "Somebody deleted the pod: find out who, and try again.",
  "helper-failed":
    "A helper beside the container failed, by no fault of the run's: try again, and tell the cluster's operator if it comes back.",
};

/** A sentence or two; undefined for a reason that is newer than this program. */
export function adviseOn(reason: string): string | undefined {
  return Object.hasOwn(advice, reason) ? advice[reason as FailureReason] : undefined;
}
