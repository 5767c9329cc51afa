/** What is run as main, and where: a container's command and environment, moved to this machine's directories. Pure. */
import { buildEnvironment, getSharedDirectory } from "../../src/contract/container/environment.ts";
import type { ContainerInputs } from "../../src/contract/container/inputs.ts";
import { exchangeDirectory } from "../../src/contract/container/variables.ts";
import { refuse, succeed, type Result } from "../../src/contract/result.ts";
import { createRewriter } from "./rewrite-paths.ts";
import type { RunFiles } from "./runs-directory.ts";
import type { SupervisorSpec } from "./spec.ts";

/** As an image has it that says nothing else. */
export const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

export interface Main {
  readonly command: string;
  readonly args: readonly string[];
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * Builds main. The request's paths are those of a container, so its shared directory and the exchange directory are
 * replaced by the real ones wherever command, arguments or variables name them. Credentials and files are left alone.
 */
export function buildMain({ action, inputs, path, trace }: SupervisorSpec, files: RunFiles): Main {
  const surroundings = { sharedDirectory: files.workspace, exchangeDirectory: files.exchange, trace };
  const rewrite = createRewriter([
    [exchangeDirectory, files.exchange],
    [getSharedDirectory(inputs), files.workspace],
  ]);
  const { plain, secret } = buildEnvironment(action, rewriteVariables(inputs, rewrite), surroundings);
  const environment = { PATH: path, ...plain, ...secret };
  const [command = "", ...args] = [...(inputs.values.job.command ?? []), ...(inputs.values.job.args ?? [])].map(
    rewrite,
  );
  const directory = plain["SCRIPTS_DIRECTORY"] ?? files.workspace;
  return { command, args, directory, environment };
}

function rewriteVariables(inputs: ContainerInputs, rewrite: (text: string) => string): ContainerInputs {
  const { values, secrets } = inputs;
  const plain = rewriteValues(values.job.variables, rewrite);
  const secret = rewriteValues(secrets.job?.variables, rewrite);
  return {
    ...inputs,
    values: { ...values, job: { ...values.job, variables: plain } },
    secrets: { ...secrets, job: { ...secrets.job, variables: secret } },
  };
}

function rewriteValues(variables: Readonly<Record<string, string>> = {}, rewrite: (text: string) => string) {
  return Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, rewrite(value)]));
}

/** Refuses what can't be run without an image. */
export function checkRunnable({ values }: ContainerInputs): Result<undefined> {
  const command = values.job.command?.[0] ?? "";
  if (command !== "") return succeed(undefined);
  return refuse(
    "Cannot start main: driver.values.job.command is missing. The local launcher runs processes of this machine and has " +
      "no image whose entry point it could run: give a command, or use a cluster with LAUNCHER=kubernetes",
  );
}

/** Sentences about what the request asks for and a process on this machine can't have. */
export function listWarnings({ values: { job } }: ContainerInputs): string[] {
  const ignored = [
    job.image === undefined ? undefined : `image ${job.image}`,
    job.pod_template === undefined ? undefined : "pod_template",
    job.namespace === undefined ? undefined : `namespace ${job.namespace}`,
    job.service_account === undefined ? undefined : `service_account ${job.service_account}`,
  ];
  return ignored
    .filter((what) => what !== undefined)
    .map((what) => `${what} is ignored by the local launcher, which runs main as a process of this machine`);
}
