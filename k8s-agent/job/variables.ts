/** Main's environment in Kubernetes' words: plain variables stand in the Job, secret ones in the run's Secret. */
import { buildEnvironment, getSharedDirectory, type Environment } from "../../src/contract/container/environment.ts";
import { describePath } from "../../src/contract/decode.ts";
import { describeLimit, limits } from "../../src/contract/limits.ts";
import { refuse, succeed, type Result } from "../../src/contract/result.ts";
import type { Run } from "../../src/contract/run.ts";
import type { TraceCarrier } from "../../src/contract/trace-context.ts";
import { exchangeDirectory } from "../sidecar/mounts.ts";
import { escapeExpansion } from "./escape-expansion.ts";
import type { Plain } from "./plain.ts";
import type { V1EnvVar } from "@kubernetes/client-node";

export type Variable = Plain<V1EnvVar>;

/** What main's container says, and what the Secret has to hold for it. */
export interface MainVariables {
  readonly env: readonly Variable[];
  readonly secretData: Readonly<Record<string, string>>;
}

export interface VariablesOptions {
  readonly secretName: string;
  readonly trace?: TraceCarrier | undefined;
}

export function buildVariables({ order, inputs }: Run, { secretName, trace }: VariablesOptions): Result<MainVariables> {
  const surroundings = { sharedDirectory: getSharedDirectory(inputs), exchangeDirectory, trace };
  const environment = buildEnvironment(order.action, inputs, surroundings);
  const problem = findProblem(environment);
  if (problem !== undefined) return refuse(`Cannot set main's variables: ${problem}`);
  const secret = Object.entries(environment.secret).map(([name, value], index) => ({
    name,
    value,
    key: `variable-${index}`,
  }));
  return succeed({
    env: [
      ...Object.entries(environment.plain).map(([name, value]) => ({ name, value: escapeExpansion(value) })),
      ...secret.map(({ name, key }) => ({ name, valueFrom: { secretKeyRef: { name: secretName, key } } })),
    ],
    secretData: Object.fromEntries(secret.map(({ key, value }) => [key, value])),
  });
}

function findProblem({ plain, secret }: Environment): string | undefined {
  for (const [name, value] of Object.entries({ ...plain, ...secret })) {
    // Kubernetes takes them for a way to a file.
    if (name === "." || name.startsWith(".."))
      return `${JSON.stringify(name)} is a name that Kubernetes does not allow`;
    if (value.includes("\0")) return `${name} holds a NUL character`;
    const bytes = Buffer.byteLength(`${name}=${value}`) + 1;
    if (bytes > limits.argumentBytes)
      return describeLimit(`${name}, with its name,`, bytes, limits.argumentBytes, "bytes");
  }
  return undefined;
}

/** Texts of the request for `command` or `args`: meant literally, and not longer than Linux takes them. */
export function buildArguments(name: "command" | "args", given: readonly string[]): Result<string[]> {
  for (const [index, text] of given.entries()) {
    const bytes = Buffer.byteLength(text) + 1;
    const place = describePath(["driver", "values", "job", name, index].map((key) => ({ key })));
    if (bytes > limits.argumentBytes)
      return refuse(`Cannot start main: ${describeLimit(place, bytes, limits.argumentBytes, "bytes")}`);
  }
  return succeed(given.map(escapeExpansion));
}
