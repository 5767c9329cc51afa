/** The environment that the container contract promises to main, and the files that its variables point to. */
import * as v from "valibot";

/** Set by us in every run; a request can't set or change them. */
export const contractVariables = [
  "ACTION",
  "SCRIPTS_DIRECTORY",
  "RESOURCE_INPUTS_FILE",
  "OUTPUTS_FILE",
  "SECRET_OUTPUTS_FILE",
  "ERROR_FILE",
  "MANIFESTS_FILE",
] as const;

/** Set by us in the runs that belong to a trace (W3C Trace Context): tools that know of traces go on with it. */
export const traceVariables = ["TRACEPARENT", "TRACESTATE"] as const;

/** Names that a request can't set. */
export const reservedVariables = [...contractVariables, ...traceVariables] as const;
export type ContractVariable = (typeof contractVariables)[number];

/** Names of the files in the exchange directory, by the variable that holds their path. */
export const exchangeFiles = {
  RESOURCE_INPUTS_FILE: "resource-inputs.json",
  OUTPUTS_FILE: "outputs.json",
  SECRET_OUTPUTS_FILE: "secret-outputs.json",
  ERROR_FILE: "error.txt",
  MANIFESTS_FILE: "manifests.json",
} as const satisfies Partial<Record<ContractVariable, string>>;

/** Where the exchange directory is in a container: beside the shared directory, so that no checkout can collide with it. */
export const exchangeDirectory = "/run/container-driver";

/** Where main's working directory is when the request names none. */
export const defaultSharedDirectory = "/home/runneruser/workspace";

/** A name of an environment variable as Kubernetes has it: hyphens and dots are legal. */
export const VariableName = v.pipe(
  v.string(),
  v.regex(/^[-._a-zA-Z][-._a-zA-Z0-9]*$/, "must be a variable name: letters, digits, '-', '_' and '.', no digit first"),
  v.notValues(reservedVariables, "can't be set: it is one of the container contract's own variables"),
);
