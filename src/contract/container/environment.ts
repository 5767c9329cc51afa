/** Main's environment as the container contract has it. Pure: the same for every launcher, given its paths. */
import { stringifyJson, type JsonValue } from "../json.ts";
import type { TraceCarrier } from "../trace-context.ts";
import { refuse, succeed, type Result } from "../result.ts";
import type { Action } from "../run.ts";
import { defaultSharedDirectory, exchangeFiles } from "./variables.ts";
import type { ContainerInputs } from "./inputs.ts";

/** Where main finds things, as absolute paths in its own file system. */
export interface ContainerPaths {
  readonly sharedDirectory: string;
  readonly exchangeDirectory: string;
}

/** What main is told besides what its request says. */
export interface Surroundings extends ContainerPaths {
  /** The trace that it is to go on with. */
  readonly trace?: TraceCarrier | undefined;
}

/** Variables, apart by whether a value may be shown: Kubernetes keeps the secret ones in the run's Secret. */
export interface Environment {
  readonly plain: Readonly<Record<string, string>>;
  readonly secret: Readonly<Record<string, string>>;
}

/** The directory that main works in, as the request wants it. */
export function getSharedDirectory({ values }: ContainerInputs): string {
  return values.job.shared_directory ?? defaultSharedDirectory;
}

/**
 * Builds main's environment. Where one name comes twice, the later wins: `HOME` of ours, credentials, plain variables,
 * secret variables, and last the contract's own, which nothing can change.
 */
export function buildEnvironment(action: Action, inputs: ContainerInputs, surroundings: Surroundings): Environment {
  const { values, secrets } = inputs;
  const credentials = pickCredentials(values.credentials_config?.environment ?? {}, secrets.account);
  const plainVariables = values.job.variables ?? {};
  const secretVariables = secrets.job?.variables ?? {};
  const contract = buildContractVariables(action, inputs, surroundings);
  const secret = omit({ ...omit(credentials, plainVariables), ...secretVariables }, contract);
  const plain = omit({ HOME: surroundings.sharedDirectory, ...plainVariables }, secret);
  return { plain: { ...plain, ...contract }, secret };
}

function buildContractVariables(
  action: Action,
  { values }: ContainerInputs,
  { sharedDirectory, exchangeDirectory, trace }: Surroundings,
): Record<string, string> {
  const path = values.source?.path;
  return {
    ACTION: action,
    SCRIPTS_DIRECTORY: path === undefined ? sharedDirectory : `${sharedDirectory}/${path}`,
    ...Object.fromEntries(Object.entries(exchangeFiles).map(([name, file]) => [name, `${exchangeDirectory}/${file}`])),
    ...(trace === undefined ? {} : { TRACEPARENT: trace.traceparent }),
    ...(trace?.tracestate === undefined ? {} : { TRACESTATE: trace.tracestate }),
  };
}

/** Fields of the account under the names that the request gives them. */
export function pickCredentials(
  names: Readonly<Record<string, string>>,
  account: ContainerInputs["secrets"]["account"],
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(names).map(([name, field]) => [name, toVariableText(account?.[field] ?? "")]),
  );
}

/** Strings as they are; anything else as JSON, such as a service account key that arrives as an object. */
function toVariableText(value: JsonValue): string {
  return typeof value === "string" ? value : stringifyJson(value);
}

/** Fields that `credentials_config` names and the account doesn't have: refused, with the names that it has. */
export function checkCredentials({ values, secrets }: Pick<ContainerInputs, "values" | "secrets">): Result<undefined> {
  const config = values.credentials_config;
  const wanted = [
    ...Object.entries(config?.environment ?? {}).map(([name, field]) => [`environment.${name}`, field] as const),
    ...Object.entries(config?.script_variables?.variables ?? {}).map(
      ([name, field]) => [`script_variables.variables.${name}`, field] as const,
    ),
  ];
  const account = secrets.account ?? {};
  const missing = wanted.find(([, field]) => !Object.hasOwn(account, field));
  if (missing === undefined) return succeed(undefined);
  const has = Object.keys(account).join(", ") || "no fields";
  return refuse(
    `driver.values.credentials_config.${missing[0]} names a field that driver.secrets.account lacks; it has ${has}`,
  );
}

function omit(from: Readonly<Record<string, string>>, names: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(from).filter(([name]) => !Object.hasOwn(names, name)));
}
