/** What an operator decides about runs on Kubernetes, as environment variables. */
import * as v from "valibot";
import manifest from "../../package.json" with { type: "json" };
import { wholeNumber } from "../../src/contract/variables.ts";

const Name = v.pipe(
  v.string(),
  v.regex(/^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$/, "must be a Kubernetes name"),
  v.maxLength(253, "must be at most 253 characters"),
);

/** Names with commas between them. */
const Names = v.pipe(
  v.string(),
  v.transform((text) =>
    text
      .split(",")
      .map((name) => name.trim())
      .filter((name) => name !== ""),
  ),
  v.array(Name),
);

/** Environment variables of the agent that only `LAUNCHER=kubernetes` looks at. */
export const kubernetesVariables = {
  /** Files with the way to the API server, as kubectl has them. */
  KUBECONFIG: v.optional(v.string(), ""),
  /** Where runs go that name no namespace; left out: the agent's own in a cluster, else `default`. */
  NAMESPACE: v.optional(Name),
  /** Where else runs may go. */
  NAMESPACES: v.optional(Names, ""),
  /** Service accounts that runs may name. */
  SERVICE_ACCOUNTS: v.optional(Names, ""),
  /** Setup and collector: the agent's own image, as `npm run image` calls it. */
  HELPER_IMAGE: v.optional(v.string(), `localhost/container-driver-agent:${manifest.version}`),
  HELPER_IMAGE_PULL_POLICY: v.optional(
    v.picklist(["Always", "IfNotPresent", "Never"], "must be Always, IfNotPresent or Never"),
    "IfNotPresent",
  ),
  /** Pull secrets that every pod gets. */
  IMAGE_PULL_SECRETS: v.optional(Names, ""),
  /** Seconds until an image that can't be pulled fails its run. */
  IMAGE_PULL_GRACE_SECONDS: v.optional(wholeNumber(0, 86_400), "30"),
  /** Seconds until a pod without a node, or without its volumes, fails its run. */
  PENDING_SECONDS: v.optional(wholeNumber(0, 86_400), "300"),
  /** Seconds for which what a failed run has left in the cluster is kept, for a person to look at. */
  KEEP_FAILED_SECONDS: v.optional(wholeNumber(0, 30 * 86_400), "600"),
};
