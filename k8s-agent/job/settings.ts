import type { GitTexts } from "../sidecar/setup/spec.ts";

/** What an agent's operator decides about the Jobs of runs. */
export interface JobSettings {
  /** The cluster's name as front doors know it. */
  readonly cluster: string;
  /** Where runs go that name no namespace. */
  readonly namespace: string;
  /** Where runs may go; holds `namespace`. */
  readonly namespaces: readonly string[];
  /** Service accounts that a run may name. */
  readonly serviceAccounts: readonly string[];
  /** The image of setup and collector: the agent's own. */
  readonly helperImage: string;
  readonly helperImagePullPolicy: "Always" | "IfNotPresent" | "Never";
  /** Names of pull secrets that every pod gets, besides those of its template. */
  readonly imagePullSecrets: readonly string[];
  /** Between SIGTERM and SIGKILL: the pod's own grace. */
  readonly graceSeconds: number;
  /** How long after a run's timeout and grace the Job's own deadline is, for when no agent is there. */
  readonly backstopSeconds: number;
  /** What setup's git is told; left out: the authorities in the helper image, no known hosts, no proxy. */
  readonly git?: GitTexts;
}
