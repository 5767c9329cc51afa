/** The user's container: what the request says, and over it what its template says. */
import { getSharedDirectory } from "../../src/contract/container/environment.ts";
import { refuse, succeed, type Result } from "../../src/contract/result.ts";
import type { Run } from "../../src/contract/run.ts";
import { containers } from "./names.ts";
import type { Container } from "./plain.ts";
import { completeResources } from "./resources.ts";
import { mergeContainerSecurity } from "./security.ts";
import { mergeByName } from "./merge-by-name.ts";
import { requireImage } from "./template/take-apart.ts";
import { buildArguments, type Variable } from "./variables.ts";
import { exchangeMount, mountShared } from "./volumes.ts";

export interface MainOptions {
  readonly env: readonly Variable[];
  /** What the template says of main. */
  readonly template: Partial<Container>;
}

export function buildMain({ inputs }: Run, { env, template }: MainOptions): Result<Container> {
  const { job } = inputs.values;
  const command = buildArguments("command", job.command ?? []);
  if (!command.ok) return command;
  const args = buildArguments("args", job.args ?? []);
  if (!args.ok) return args;
  const image = requireImage({ ...(job.image === undefined ? {} : { image: job.image }), ...dropEmptyImage(template) });
  if (!image.ok) return image;
  const workingDir = env.find(({ name }) => name === "SCRIPTS_DIRECTORY")?.value;
  if (workingDir === undefined) return refuse("Cannot start main: it has no SCRIPTS_DIRECTORY");
  return succeed({
    name: containers.main,
    image: image.value,
    ...(job.command === undefined ? {} : { command: command.value }),
    ...(job.args === undefined ? {} : { args: args.value }),
    ...completeContainer(omitName(template)),
    workingDir,
    env: mergeByName(env, template.env),
    // Ours come last, so that a volume which the template mounts above them doesn't hide them.
    volumeMounts: [...(template.volumeMounts ?? []), mountShared(getSharedDirectory(inputs)), exchangeMount],
  });
}

/** What every container of a template gets besides what it says itself. */
export function completeContainer<C extends Partial<Container>>(given: C) {
  return {
    ...given,
    securityContext: mergeContainerSecurity(given.securityContext),
    resources: completeResources(given.resources),
    terminationMessagePolicy: "File",
  };
}

function omitName({ name: _name, image: _image, ...rest }: Partial<Container>): Partial<Container> {
  return rest;
}

function dropEmptyImage({ image }: Partial<Container>): { image?: string } {
  return image === undefined || image === "" ? {} : { image };
}

/** What the request asks for in vain, as its template says otherwise. */
export function listWarnings({ inputs: { values, secrets } }: Run, template: Partial<Container>): string[] {
  const { job } = values;
  const instead = (what: string) => `${what} is not used: driver.values.job.pod_template says otherwise`;
  const fields = (["image", "command", "args"] as const)
    .filter((name) => job[name] !== undefined && (template[name] ?? "") !== "")
    .map((name) => instead(`driver.values.job.${name}`));
  const asked = { ...job.variables, ...secrets.job?.variables, ...values.credentials_config?.environment };
  const variables = (template.env ?? [])
    .filter(({ name }) => Object.hasOwn(asked, name))
    .map(({ name }) => instead(`The variable ${name}`));
  return [...fields, ...variables];
}
