/**
 * What a request to the container driver holds: `driver.values`, and secrets under the same paths in `driver.secrets`.
 * Unknown keys are refused by name, except inside `cluster`, `resource` and `pod_template`.
 */
import * as v from "valibot";
import { atMostCharacters } from "../length.ts";
import { limits } from "../limits.ts";
import { ResourceType } from "../names.ts";
import { AnyObject, knownKeys, mapOf } from "../objects.ts";
import { AbsoluteDirectory, RelativePath } from "./paths.ts";
import { sourceSecrets, sourceValues } from "./source.ts";
import { VariableName } from "./variables.ts";

/** Text that can be written to a file byte for byte: half a surrogate pair is legal in JSON, but has no UTF-8. */
const writable = v.pipe(
  v.string(),
  v.check((value) => value.isWellFormed(), "must not hold half a surrogate pair"),
);
/** Text that can also be an argument or a variable of a process. */
const text = v.pipe(writable, v.regex(/^[^\x00]*$/, "must not hold a NUL character"));
const list = v.array(text);
const kubernetesName = v.pipe(
  v.string(),
  v.regex(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/, "must be a Kubernetes name"),
);
const variables = v.optional(mapOf(VariableName, text));
const files = v.optional(mapOf(RelativePath, writable));
const fieldName = v.pipe(
  v.string("must name a field of secrets.account"),
  v.nonEmpty("must name a field of secrets.account"),
);

const Job = knownKeys({
  image: v.optional(
    v.pipe(
      v.string(),
      v.nonEmpty("must not be empty"),
      atMostCharacters(1024),
      v.regex(/^\S*$/, "must not hold white space"),
    ),
  ),
  command: v.optional(list),
  args: v.optional(list),
  shared_directory: v.optional(AbsoluteDirectory),
  namespace: v.optional(kubernetesName),
  service_account: v.optional(kubernetesName),
  variables,
  pod_template: v.optional(v.union([v.string(), AnyObject], "must be YAML text or an object")),
});

/** `driver.values` of the container driver. */
export const ContainerValues = knownKeys({
  job: v.pipe(
    Job,
    v.forward(
      v.check(
        (job) => job.image !== undefined || job.pod_template !== undefined,
        "is missing: name an image, or give a pod_template that does",
      ),
      ["image"],
    ),
    v.metadata({ anyOf: [{ required: ["image"] }, { required: ["pod_template"] }] }),
  ),
  cluster: v.optional(v.union([v.string(), AnyObject], "must be a name or an object")),
  credentials_config: v.optional(
    knownKeys({
      environment: v.optional(mapOf(VariableName, fieldName)),
      script_variables: v.optional(knownKeys({ variables: mapOf(v.string(), fieldName), file: RelativePath })),
    }),
  ),
  files,
  source: v.optional(knownKeys(sourceValues)),
  append_logs_to_error: v.optional(v.boolean()),
  timeout: v.optional(
    v.pipe(
      v.number("must be a number of seconds"),
      v.integer("must be whole seconds"),
      v.minValue(1, (issue) => `is ${issue.received} seconds, at least 1 is needed`),
      v.maxValue(
        limits.timeoutSeconds,
        (issue) => `is ${issue.received} seconds, the limit is ${limits.timeoutSeconds} seconds`,
      ),
    ),
  ),
});
export type ContainerValues = v.InferOutput<typeof ContainerValues>;

/** `driver.secrets` of the container driver. */
export const ContainerSecrets = knownKeys({
  account: v.optional(AnyObject),
  job: v.optional(knownKeys({ variables })),
  cluster: v.optional(AnyObject),
  files,
  source: v.optional(knownKeys(sourceSecrets)),
});
export type ContainerSecrets = v.InferOutput<typeof ContainerSecrets>;

/** The same two at the place where a request has them, so that problems name the request's own paths. */
export const ContainerRequest = v.object({ driver: v.object({ values: ContainerValues, secrets: ContainerSecrets }) });

/** All that a run is made of, as it travels, sealed, from the front door to the agent. */
export const ContainerInputs = v.object({
  type: ResourceType,
  /** The request's `resource` object exactly. */
  resource: AnyObject,
  values: ContainerValues,
  secrets: ContainerSecrets,
});
export type ContainerInputs = v.InferOutput<typeof ContainerInputs>;
