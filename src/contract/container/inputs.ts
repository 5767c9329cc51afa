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
import { explained } from "./explained.ts";
import { sourceSecrets, sourceValues } from "./source.ts";
import { defaultSharedDirectory, VariableName } from "./variables.ts";

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
const variables = mapOf(VariableName, text);
const files = mapOf(RelativePath, writable);
const fieldName = v.pipe(
  v.string("must name a field of secrets.account"),
  v.nonEmpty("must name a field of secrets.account"),
);

const image = v.pipe(
  v.string(),
  v.nonEmpty("must not be empty"),
  atMostCharacters(1024),
  v.regex(/^\S*$/, "must not hold white space"),
);

const Job = knownKeys({
  image: explained(image, "The container's image. Needed, unless pod_template names one"),
  command: explained(list, "What is run in place of the image's entry point"),
  args: explained(list, "Its arguments, in place of the image's own"),
  shared_directory: explained(
    AbsoluteDirectory,
    `Where code and files are in the container, absolute; ${defaultSharedDirectory} if left out`,
  ),
  namespace: explained(
    kubernetesName,
    "The namespace of the run: the agent's own choice, or another one that it allows",
  ),
  service_account: explained(kubernetesName, "The service account of the run, one that the agent allows"),
  variables: explained(variables, "Variables of the container that may be seen. Secret ones belong into secrets"),
  pod_template: explained(
    v.union([v.string(), AnyObject], "must be YAML text or an object"),
    "A pod, as YAML text or as an object, that is merged over the run's own",
  ),
});

const timeout = v.pipe(
  v.number("must be a number of seconds"),
  v.integer("must be whole seconds"),
  v.minValue(1, (issue) => `is ${issue.received} seconds, at least 1 is needed`),
  v.maxValue(
    limits.timeoutSeconds,
    (issue) => `is ${issue.received} seconds, the limit is ${limits.timeoutSeconds} seconds`,
  ),
);

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
  cluster: explained(
    v.union([v.string(), AnyObject], "must be a name or an object"),
    "Which cluster: a name, {name}, or the orchestrator's {cluster: {name}}; the default one if left out",
  ),
  credentials_config: explained(
    knownKeys({
      environment: explained(mapOf(VariableName, fieldName), "Variables, each with a field of secrets.account"),
      script_variables: explained(
        knownKeys({
          variables: v.pipe(
            mapOf(v.string(), fieldName),
            v.description("Keys of the file, each with a field of secrets.account"),
          ),
          file: v.pipe(RelativePath, v.description("Its path below the shared directory")),
        }),
        "A JSON file of credentials",
      ),
    }),
    "How the container gets the fields of secrets.account",
  ),
  files: explained(files, "Text files by their paths below the shared directory; they are laid over the source"),
  source: explained(knownKeys(sourceValues), "A git repository that is checked out into the shared directory"),
  append_logs_to_error: explained(v.boolean(), "Adds the end of the log to a failure's message"),
  timeout: explained(
    timeout,
    `Seconds that a run may take, ${limits.defaultTimeoutSeconds} if left out, ${limits.timeoutSeconds} at most`,
  ),
});
export type ContainerValues = v.InferOutput<typeof ContainerValues>;

/** `driver.secrets` of the container driver. */
export const ContainerSecrets = knownKeys({
  account: explained(AnyObject, "Credentials of a cloud account: credentials_config names its fields"),
  job: v.optional(knownKeys({ variables: explained(variables, "Variables of the container that nobody may see") })),
  cluster: explained(AnyObject, "Taken, and not used: the agent has its own way into its cluster"),
  files: explained(files, "Text files that hold secrets"),
  source: explained(knownKeys(sourceSecrets), "Credentials for the source"),
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
