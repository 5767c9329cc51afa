/** What every command for operators does around its work: reads arguments, and says why it can't go on. */
import { parseArgs, type ParseArgsConfig } from "node:util";
import { check } from "../src/contract/decode.ts";
import { ClusterName } from "../src/contract/names.ts";
import type { Step } from "./broker-files.ts";

export const defaultBrokerUrl = process.env["NATS_URL"] || "nats://127.0.0.1:4222";

type Parsed<T extends ParseArgsConfig> = ReturnType<typeof parseArgs<T>>;

/** Runs a command to its end, or shows its help for `--help`. Exit code 1: it failed. */
export async function runScript<const T extends ParseArgsConfig>(
  { help, ...config }: T & { readonly help: string },
  run: (parsed: Parsed<T>) => Promise<void>,
): Promise<void> {
  try {
    if (process.argv.slice(2).some((argument) => argument === "--help" || argument === "-h")) return console.log(help);
    const parsed = readArguments<T>(config as ParseArgsConfig as T);
    // No command takes two: whoever gives them means something else.
    if (parsed.positionals.length > 1)
      throw new Error(`Cannot go on: one argument is expected, found ${parsed.positionals.join(", ")}`);
    await run(parsed);
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}

function readArguments<T extends ParseArgsConfig>(config: T): Parsed<T> {
  try {
    return parseArgs(config);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new Error(`${error.message}\n--help shows what is known`, { cause: error });
  }
}

/** The name of a cluster that a command was given: it becomes a path, a subject and an account's name. */
export function readClusterName(name: string | undefined): string {
  return readName("cluster", name);
}

/** The name of a team: a path and an account's name. */
export function readTeamName(name: string | undefined): string {
  return readName("team", name);
}

function readName(whose: string, name: string | undefined): string {
  if (name === undefined) throw new Error(`Cannot go on: the ${whose}'s name is missing; --help shows where it goes`);
  const checked = check(ClusterName, name);
  if (checked.ok) return checked.value;
  throw new Error(
    `Cannot use ${JSON.stringify(name)} as a ${whose}'s name: it ${checked.problem.replace(/^the body /, "")}`,
  );
}

/** A number of an option, under its name; nothing where it is left out. */
export function readCount<const N extends string>(name: N, text: string | undefined): { [K in N]?: number } {
  if (text === undefined) return {};
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new Error(`Cannot use --${name} ${text}: must be a whole number above 0`);
  return { [name]: Number(text) } as { [K in N]: number };
}

/** Says what was done, a line each. */
export function showSteps(steps: readonly Step[]): void {
  for (const { what, outcome } of steps) console.log(`${outcome.padEnd(9)} ${what}`);
}

/** Did anything happen at all? */
export function hasChanged(steps: readonly Step[]): boolean {
  return steps.some(({ outcome }) => outcome !== "unchanged");
}
