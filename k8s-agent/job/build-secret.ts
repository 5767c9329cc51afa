/** The Secret of a run: all that nobody but its own containers may see, each of which gets its own part alone. */
import type { V1Secret } from "@kubernetes/client-node";
import type { ContainerInputs } from "../../src/contract/container/inputs.ts";
import { stringifyJson } from "../../src/contract/json.ts";
import { describeLimit, limits } from "../../src/contract/limits.ts";
import { refuse, succeed, type Result } from "../../src/contract/result.ts";
import type { Run } from "../../src/contract/run.ts";
import { collectorKey as keyMount, setupSpec } from "../sidecar/mounts.ts";
import type { GitTexts, SetupSpec } from "../sidecar/setup/spec.ts";
import { buildMetadata } from "./metadata.ts";

export interface SecretOptions {
  readonly namespace: string;
  readonly git: GitTexts | undefined;
  readonly collectorKey: string;
  /** Main's secret variables, by the key that its container names. */
  readonly variables: Readonly<Record<string, string>>;
}

export function buildSecret(run: Run, options: SecretOptions): Result<V1Secret> {
  const stringData = {
    [setupSpec.file]: stringifyJson(buildSetupSpec(run, options)),
    [keyMount.file]: options.collectorKey,
    ...options.variables,
  };
  const bytes = Object.values(stringData).reduce((total, text) => total + Buffer.byteLength(text), 0);
  if (bytes > limits.secretBytes) {
    const limit = describeLimit("the run's Secret", bytes, limits.secretBytes, "bytes");
    return refuse(`Cannot keep the run's inputs in the cluster: ${limit}`);
  }
  const metadata = buildMetadata(run.order, options.namespace);
  return succeed({ apiVersion: "v1", kind: "Secret", metadata, type: "Opaque", immutable: true, stringData });
}

/** No more than setup works with: main's secret variables, and credentials that only they carry, are none of its business. */
function buildSetupSpec({ order: { unlessCommit }, inputs }: Run, { git }: SecretOptions): SetupSpec {
  return {
    inputs: { ...inputs, secrets: pickSecrets(inputs) },
    order: unlessCommit === undefined ? {} : { unlessCommit },
    ...(git === undefined ? {} : { git }),
  };
}

function pickSecrets({ values, secrets: { account, files, source } }: ContainerInputs): ContainerInputs["secrets"] {
  const inFile = values.credentials_config?.script_variables !== undefined;
  return {
    ...(account !== undefined && inFile ? { account } : {}),
    ...(files === undefined ? {} : { files }),
    ...(source === undefined ? {} : { source }),
  };
}
