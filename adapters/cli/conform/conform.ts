/** The contract held against a container that nobody knows: run after run, as an orchestrator would order them. */
import { collectSecrets } from "../../../k8s-agent/redact/secrets.ts";
import type { EndCause } from "../../../k8s-agent/launch/launcher.ts";
import type { ContainerInputs } from "../../../src/contract/container/inputs.ts";
import type { Outputs } from "../../../src/contract/outputs.ts";
import type { Result } from "../../../src/contract/result.ts";
import type { Action } from "../../../src/contract/run.ts";
import type { Seen } from "./carry-out.ts";
import type { Check } from "./check.ts";

/** What is tried, and with what. */
export interface Plan {
  readonly create: ContainerInputs;
  /** Other inputs for the same resource. */
  readonly update: ContainerInputs | undefined;
  /** Inputs that can't do; `guessed`: the resource's own inputs were left out, which may do after all. */
  readonly broken: { readonly inputs: ContainerInputs; readonly guessed: boolean } | undefined;
  /** The inputs as a strict cluster would run them; the problem says why this machine can't. */
  readonly confined: Result<ContainerInputs>;
  /** Whether the runs' own user is root. */
  readonly asRoot: boolean;
}

export interface ConformOptions {
  readonly carryOut: (action: Action, inputs: ContainerInputs) => Promise<Seen>;
  /** Each as soon as it is known. */
  readonly report: (check: Check) => void;
  /** What is being done, in a few words. */
  readonly onStage: (words: string) => void;
}

type Stage = (plan: Plan, options: ConformOptions) => Promise<void>;

/** Resolves when everything was tried and reported. What the container created is destroyed again. */
export async function conform(plan: Plan, options: ConformOptions): Promise<void> {
  for (const stage of [tryLife, tryFailure, tryConfined]) await stage(plan, options);
}

const tryLife: Stage = async (plan, options) => {
  const created = await perform("create", plan.create, { ...options, name: "create succeeds" });
  if (!hasSucceeded(created)) {
    options.report(skip("create may come again", "create has failed"));
    options.report(skip("an update succeeds", "create has failed"));
  } else {
    options.report(checkOutputs(created));
    options.report(checkLog(created, plan.create));
    const again = await perform("create", plan.create, { ...options, name: "create may come again" });
    if (hasSucceeded(again)) options.report(compareOutputs(created, again));
    if (plan.update === undefined) options.report(skip("an update succeeds", "give other inputs with --update <file>"));
    else await perform("create", plan.update, { ...options, name: "an update succeeds" });
  }
  const last = plan.update ?? plan.create;
  await perform("destroy", last, { ...options, name: "destroy succeeds" });
  await perform("destroy", last, { ...options, name: "destroy may come again" });
};

const failureName = "create fails when it can't do what is wanted";

const tryFailure: Stage = async ({ broken }, options) => {
  if (broken === undefined)
    return options.report(skip(failureName, "give inputs that it can't use with --broken <file>"));
  options.onStage(failureName);
  const seen = await options.carryOut("create", broken.inputs);
  options.report(judgeFailure(seen, broken.guessed));
  const failed = !exitedWith(seen, (code) => code === 0);
  if (failed) options.report(judgeWords(seen));
  const name = failed ? "destroy succeeds after a create that failed" : "destroy succeeds without inputs";
  await perform("destroy", broken.inputs, { ...options, name });
};

function judgeFailure(seen: Seen, guessed: boolean): Check {
  if (exitedWith(seen, (code) => code !== 0))
    return { ...pass(failureName, seen), detail: describeCause(seen.ended.cause) };
  if (!exitedWith(seen, () => true)) return fail(failureName, seen, describeCause(seen.ended.cause));
  if (!guessed) return fail(failureName, seen, "it exited with code 0: whoever asked would take that for a success");
  return skip(failureName, "it can do without any inputs; give some that it can't use with --broken <file>");
}

function judgeWords(seen: Seen): Check {
  const name = "a failure says why";
  const words = seen.ended.collected?.errorText.trim() ?? "";
  if (words !== "") return { name, outcome: "passed", detail: words.split("\n")[0] ?? "" };
  return {
    name,
    outcome: "advice",
    detail: "nothing was written to ERROR_FILE: only the last line of its log is shown",
  };
}

const notRoot = "works without root";
const readOnly = "works with a read-only root file system";

const tryConfined: Stage = async ({ confined, asRoot }, options) => {
  if (!confined.ok) {
    if (asRoot) options.report(skip(notRoot, confined.problem));
    else options.report({ name: notRoot, outcome: "passed", detail: "all of the above ran as an ordinary user" });
    return options.report(skip(readOnly, confined.problem));
  }
  const name = `${notRoot} and ${readOnly.replace("works ", "")}`;
  const created = await perform("create", confined.value, { ...options, name: `create ${name}` });
  if (!hasSucceeded(created))
    options.report({ name: "what a strict cluster allows", outcome: "advice", detail: strictAdvice });
  await perform("destroy", confined.value, { ...options, name: `destroy ${name}` });
};

const strictAdvice =
  "uid 1000 may write in SCRIPTS_DIRECTORY, HOME and where the contract's files are, and nowhere else; point TMPDIR there";

async function perform(
  action: Action,
  inputs: ContainerInputs,
  { name, carryOut, report, onStage }: ConformOptions & { name: string },
): Promise<Seen> {
  onStage(name);
  const seen = await carryOut(action, inputs);
  report(hasSucceeded(seen) ? pass(name, seen) : fail(name, seen, explainFailure(seen)));
  return seen;
}

/** As the agent judges: exit code 0, and on create outputs that can be read. */
function hasSucceeded(seen: Seen): boolean {
  const readable = seen.action === "destroy" || seen.ended.collected?.outputs.ok === true;
  return exitedWith(seen, (code) => code === 0) && readable;
}

function exitedWith({ ended }: Seen, wanted: (code: number) => boolean): boolean {
  return ended.cause.kind === "exited" && wanted(ended.cause.exitCode);
}

function explainFailure({ action, ended, log }: Seen): string {
  const { collected, cause } = ended;
  if (cause.kind === "exited" && cause.exitCode === 0) {
    if (collected === undefined) return "its files are gone";
    if (!collected.outputs.ok && action === "create") return collected.outputs.problem;
  }
  const words = collected?.errorText.trim() || log.trim().split("\n").at(-1);
  return words ? `${describeCause(cause)}: ${words}` : describeCause(cause);
}

function describeCause(cause: EndCause): string {
  if (cause.kind === "exited") return `exit code ${cause.exitCode}`;
  if (cause.kind === "signalled") return `ended by ${cause.signal}`;
  return cause.kind === "unchanged" ? "unchanged" : cause.message;
}

function getOutputs({ ended }: Seen): Outputs | undefined {
  return ended.collected?.outputs.ok === true ? ended.collected.outputs.value : undefined;
}

function checkOutputs(seen: Seen): Check {
  const outputs = getOutputs(seen);
  const names = [...Object.keys(outputs?.values ?? {}), ...Object.keys(outputs?.secrets ?? {})];
  const name = "outputs are there";
  if (names.length + (outputs?.manifests.length ?? 0) > 0) return { name, outcome: "passed", detail: names.join(", ") };
  return {
    name,
    outcome: "advice",
    detail: "nothing was written to OUTPUTS_FILE, SECRET_OUTPUTS_FILE or MANIFESTS_FILE",
  };
}

/** Whether a second create says the same: other values may be right, other names hardly are. */
function compareOutputs(first: Seen, second: Seen): Check {
  const name = "create again has the same outputs";
  const [before, after] = [listNames(first), listNames(second)];
  if (before.join() === after.join()) return { name, outcome: "passed" };
  return {
    name,
    outcome: "failed",
    detail: `first ${before.join(", ") || "none"}; then ${after.join(", ") || "none"}`,
  };
}

function listNames(seen: Seen): string[] {
  const outputs = getOutputs(seen);
  return [...Object.keys(outputs?.values ?? {}), ...Object.keys(outputs?.secrets ?? {})].sort();
}

/** Inputs that are secret are masked in logs by the agent; what the container makes up itself it has to keep to itself. */
function checkLog(seen: Seen, inputs: ContainerInputs): Check {
  const name = "secret outputs are not in the log";
  const known = new Set(collectSecrets(inputs).values);
  const secrets = getOutputs(seen)?.secrets ?? {};
  const leaked = Object.entries(secrets).filter(([, value]) =>
    collectSecrets({ secrets: { account: { value } } }).values.some(
      (text) => !known.has(text) && seen.log.includes(text),
    ),
  );
  if (leaked.length === 0) return { name, outcome: "passed" };
  return { name, outcome: "failed", detail: `it printed ${leaked.map(([output]) => output).join(", ")}` };
}

function pass(name: string, { milliseconds }: Seen): Check {
  return { name, outcome: "passed", milliseconds };
}

function fail(name: string, { milliseconds }: Seen, detail: string): Check {
  return { name, outcome: "failed", detail, milliseconds };
}

function skip(name: string, detail: string): Check {
  return { name, outcome: "not-tested", detail };
}
