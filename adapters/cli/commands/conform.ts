/** `conform`: tries a container out against the contract, on this machine, and says what was found. */
import { mkdtemp, mkdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLocalLauncher } from "../../../k8s-agent/local/local-launcher.ts";
import type { Launcher } from "../../../k8s-agent/launch/launcher.ts";
import type { ContainerInputs } from "../../../src/contract/container/inputs.ts";
import { refuse, succeed, type Result } from "../../../src/contract/result.ts";
import { carryOut } from "../conform/carry-out.ts";
import type { Check } from "../conform/check.ts";
import { conform, type Plan } from "../conform/conform.ts";
import { readInputs, readSubject, type InputsOptions, type Subject } from "../conform/inputs.ts";
import { openClusterLauncher } from "../conform/cluster-launcher.ts";
import { confine, trySandbox } from "../conform/sandbox.ts";
import type { Context } from "../context.ts";
import { exitCodes, Stop, type ExitCode } from "../exit-codes.ts";
import { describeDuration } from "../../../src/runs/words/describe-duration.ts";
import { createLineWriter } from "../terminal/line-writer.ts";
import { cleanLine } from "../../../src/runs/words/safe-text.ts";

export interface ConformCommandOptions {
  readonly file?: string;
  readonly update?: string;
  readonly broken?: string;
  readonly timeout: string;
  readonly verbose?: boolean;
}

type Local = Pick<Context, "screen" | "signal">;

export async function conformCommand(
  [target, ...command]: readonly [string, ...string[]],
  options: ConformCommandOptions,
  context: Local,
): Promise<ExitCode> {
  const timeoutSeconds = Number(options.timeout);
  if (!Number.isInteger(timeoutSeconds) || timeoutSeconds < 1)
    throw new Stop("usage", `Cannot wait for ${JSON.stringify(options.timeout)}: it must be whole seconds, at least 1`);
  const subject = demand(await readSubject(target, await isDirectory(target)));
  const directory = await mkdtemp(join(tmpdir(), "cd-conform-"));
  try {
    const plan = await readPlan({ subject, command }, options, directory);
    const launcher = await openLauncher(subject, join(directory, "runs"), context);
    try {
      const checks = await tryOut(plan, launcher, { ...context, timeoutSeconds, verbose: options.verbose === true });
      return conclude(checks, context);
    } finally {
      await launcher.close?.();
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function isDirectory(target: string): Promise<boolean> {
  try {
    if ((await stat(target)).isDirectory()) return true;
  } catch {
    // It may be an image's name.
    if (!/^[./~]/.test(target)) return false;
  }
  throw new Stop("usage", `Cannot try out ${target}: it is no directory`);
}

async function readPlan(what: InputsOptions, options: ConformCommandOptions, directory: string): Promise<Plan> {
  const create = demand(await readInputs(options.file, what));
  const { update, broken } = options;
  return {
    create,
    update: update === undefined ? undefined : demand(await readInputs(update, what)),
    broken:
      broken === undefined ? guessBroken(create) : { inputs: demand(await readInputs(broken, what)), guessed: false },
    confined: what.subject.kind === "directory" ? await planConfined(create, directory) : confineOnCluster(create),
    asRoot: process.getuid?.() === 0,
  };
}

/** Without its inputs a container should have nothing to go by. */
function guessBroken(create: ContainerInputs): Plan["broken"] {
  if (Object.keys(create.resource).length === 0) return undefined;
  return { inputs: { ...create, resource: {} }, guessed: true };
}

async function planConfined(create: ContainerInputs, directory: string): Promise<Result<ContainerInputs>> {
  const places = [join(directory, "probe", "a"), join(directory, "probe", "b")] as const;
  for (const place of places) await mkdir(place, { recursive: true });
  const possible = await trySandbox(places);
  if (possible.ok) return succeed(confine(create));
  return refuse(
    `this machine can't take rights away from a process (${possible.problem}); try on a cluster or as another user`,
  );
}

/** Not root is what every run on a cluster is; the read-only root is asked for. */
function confineOnCluster(create: ContainerInputs): Result<ContainerInputs> {
  const { job } = create.values;
  if (job.pod_template !== undefined)
    return refuse("the request has a pod_template of its own, which says what is allowed");
  const main = { name: "main", securityContext: { readOnlyRootFilesystem: true, runAsNonRoot: true } };
  const template = { spec: { containers: [main] } };
  return succeed({ ...create, values: { ...create.values, job: { ...job, pod_template: template } } });
}

type Closable = Launcher & { close?(): Promise<void> };

async function openLauncher(subject: Subject, directory: string, { screen }: Local): Promise<Closable> {
  if (subject.kind === "image") return openClusterLauncher(subject.image);
  const logger = { warn: (_fields: unknown, sentence: string) => screen.note(sentence) };
  return createLocalLauncher({ directory, logger, graceSeconds: 10, environment: process.env });
}

async function tryOut(
  plan: Plan,
  launcher: Launcher,
  { screen, signal, timeoutSeconds, verbose }: Local & { timeoutSeconds: number; verbose: boolean },
): Promise<Check[]> {
  const checks: Check[] = [];
  const margin = `  ${screen.paintNote("dim", "│")} `;
  try {
    await conform(plan, {
      async carryOut(action, inputs) {
        const lines = createLineWriter({ colour: false, writeLine: (line) => screen.note(margin + line) });
        const decoder = new TextDecoder();
        const onLog = (bytes: Uint8Array) => verbose && lines.push(decoder.decode(bytes, { stream: true }));
        const seen = await carryOut(action, inputs, { launcher, timeoutSeconds, signal, onLog });
        lines.end();
        return seen;
      },
      report(check) {
        checks.push(check);
        if (!screen.json) screen.print(formatCheck(check, screen));
      },
      onStage: (words) => screen.progress(() => words),
    });
  } finally {
    screen.progress(undefined);
  }
  return checks;
}

const labels = { passed: "PASSED", failed: "FAILED", advice: "ADVICE", "not-tested": "NOT TESTED" } as const;
const colours = { passed: "green", failed: "red", advice: "cyan", "not-tested": "yellow" } as const;

function formatCheck({ name, outcome, detail, milliseconds }: Check, { paint }: Context["screen"]): string {
  const label = paint(colours[outcome], labels[outcome].padEnd(10));
  const time = milliseconds === undefined ? "" : paint("dim", ` ${describeDuration(milliseconds)}`);
  const more = detail === undefined || detail === "" ? "" : `\n            ${cleanLine(detail)}`;
  return `${label}  ${name}${time}${more}`;
}

function conclude(checks: readonly Check[], { screen }: Local): ExitCode {
  const count = (outcome: Check["outcome"]) => checks.filter((check) => check.outcome === outcome).length;
  const conforms = count("failed") === 0;
  if (screen.json) screen.printJson({ conforms, checks });
  else {
    const untested = count("not-tested") === 0 ? "" : screen.paint("yellow", `, ${count("not-tested")} NOT TESTED`);
    screen.print(`\n${count("passed")} passed, ${count("failed")} failed${untested}`);
  }
  return conforms ? exitCodes.succeeded : exitCodes.failed;
}

function demand<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  throw new Stop("usage", result.problem);
}
