/**
 * A run in, Kubernetes objects out. Pure: the same run gives the same objects, so that whoever comes second finds them
 * there (names.ts).
 */
import type { V1Job, V1Secret } from "@kubernetes/client-node";
import { limits } from "../../src/contract/limits.ts";
import { succeed, type Result } from "../../src/contract/result.ts";
import type { Run } from "../../src/contract/run.ts";
import type { TraceCarrier } from "../../src/contract/trace-context.ts";
import { buildSecret } from "./build-secret.ts";
import { buildMain, listWarnings } from "./main-container.ts";
import { buildMetadata, describeRun } from "./metadata.ts";
import { buildWorkloadName } from "./names.ts";
import { choosePlacement } from "./placement.ts";
import type { Plain, PodSpec } from "./plain.ts";
import { buildPodSpec, getGraceSeconds } from "./pod-spec.ts";
import type { JobSettings } from "./settings.ts";
import { readTemplate, type PodTemplate } from "./template/read-template.ts";
import { takeApart } from "./template/take-apart.ts";
import { buildVariables } from "./variables.ts";

export interface Workload {
  readonly secret: V1Secret;
  readonly job: V1Job;
  /** Sentences about what the request asks for in vain. */
  readonly warnings: readonly string[];
}

export interface WorkloadOptions {
  readonly settings: JobSettings;
  /** What the collector seals with, base64url of 32 bytes. */
  readonly collectorKey: string;
  /** The trace that main is to go on with. */
  readonly trace?: TraceCarrier | undefined;
}

/** Builds the run's Secret and its Job; the problem is a sentence for the caller, with the path of what can't be used. */
export function buildWorkload(run: Run, { settings, collectorKey, trace }: WorkloadOptions): Result<Workload> {
  const secretName = buildWorkloadName(run.order.runId);
  const template = readTemplate(run.inputs.values.job.pod_template);
  if (!template.ok) return template;
  const placement = choosePlacement(run, { settings, template: template.value });
  if (!placement.ok) return placement;
  const { namespace, serviceAccount, sharedDirectory } = placement.value;
  const withToken = serviceAccount !== undefined;
  const parts = takeApart(template.value, { sharedDirectory, withToken });
  if (!parts.ok) return parts;
  const variables = buildVariables(run, { secretName, trace });
  if (!variables.ok) return variables;
  const main = buildMain(run, { env: variables.value.env, template: parts.value.main });
  if (!main.ok) return main;
  const secret = buildSecret(run, {
    namespace,
    collectorKey,
    git: settings.git,
    variables: variables.value.secretData,
  });
  if (!secret.ok) return secret;
  const spec = buildPodSpec(run, {
    settings,
    placement: placement.value,
    template: template.value,
    parts: parts.value,
    main: main.value,
  });
  const job = buildJob(run, { settings, namespace, template: template.value, spec });
  return succeed({ secret: secret.value, job, warnings: listWarnings(run, parts.value.main) });
}

interface JobParts {
  readonly settings: JobSettings;
  readonly namespace: string;
  readonly template: PodTemplate;
  readonly spec: PodSpec;
}

/** No second attempt, ever: half an apply is worse than none. */
function buildJob({ order, inputs }: Run, { settings, namespace, template, spec }: JobParts): V1Job {
  const timeout = inputs.values.timeout ?? limits.defaultTimeoutSeconds;
  const { labels, annotations } = describeRun(order);
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: buildMetadata(order, namespace),
    spec: {
      parallelism: 1,
      completions: 1,
      backoffLimit: 0,
      podReplacementPolicy: "Failed",
      activeDeadlineSeconds: timeout + getGraceSeconds(settings) + settings.backstopSeconds,
      template: {
        metadata: {
          labels: { ...template.metadata.labels, ...labels },
          annotations: { ...undisturbed, ...template.metadata.annotations, ...annotations },
        },
        spec,
      },
    },
  };
}

/** Asks what moves pods about to save nodes to leave this one alone: an interrupted apply is left half done. */
const undisturbed = {
  "cluster-autoscaler.kubernetes.io/safe-to-evict": "false",
  "karpenter.sh/do-not-disrupt": "true",
};

/** The Job, owned by the Secret as it was created: whoever deletes the Secret removes all of the run. */
export function ownJob(
  { metadata, ...job }: Plain<V1Job>,
  secret: { readonly name: string; readonly uid: string },
): V1Job {
  // No blockOwnerDeletion: where the cluster checks it, that needs a right on the Secret's finalizers.
  const owner = { apiVersion: "v1", kind: "Secret", name: secret.name, uid: secret.uid };
  return { ...job, metadata: { ...metadata, ownerReferences: [owner] } };
}
