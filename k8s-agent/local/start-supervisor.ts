/** Starts a run's supervisor, and waits until the run is claimed: by it, or by another one that was faster. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdir, open, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { encodeMessage } from "../../src/contract/decode.ts";
import { supervisorVariable } from "./marks.ts";
import { getErrorCode } from "./protocol.ts";
import type { RunFiles } from "./runs-directory.ts";
import type { SupervisorSpec } from "./spec.ts";

/** A busy machine starts a process in seconds; longer than this, something is wrong with it. */
const claimSeconds = 60;

const program = fileURLToPath(new URL("supervisor.ts", import.meta.url));

/** What Node, and the git that setup starts, need of the agent's environment. Main gets none of it. */
const inheritedVariables = ["PATH", "LD_LIBRARY_PATH"];

export interface SupervisorOptions {
  readonly files: RunFiles;
  /** Where Node keeps compiled code: with it a supervisor starts in half the time and takes a third less memory. */
  readonly cacheDirectory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Called before anything is made, and right before it is started; throws when it mustn't be any more. */
  readonly throwIfLost: (() => void) | undefined;
}

/**
 * Starts a supervisor. Rejects when it can't be started, or dies before it has claimed the run: nothing was run then, and
 * trying again is harmless.
 */
export async function startSupervisor(spec: SupervisorSpec, options: SupervisorOptions): Promise<"claimed" | "taken"> {
  const { directory, supervisorLog } = options.files;
  options.throwIfLost?.();
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const log = await open(supervisorLog, "a", 0o600);
  try {
    options.throwIfLost?.();
    const child = spawn(process.execPath, [program, directory], {
      cwd: directory,
      detached: true,
      env: buildSupervisorEnvironment(options),
      stdio: ["pipe", "pipe", log.fd],
    });
    return await instruct(child, { spec, files: options.files });
  } finally {
    await log.close();
  }
}

async function instruct(
  child: ChildProcess,
  { spec, files }: { spec: SupervisorSpec; files: RunFiles },
): Promise<"claimed" | "taken"> {
  try {
    tell(child, encodeMessage(spec));
    return await awaitAnswer(child);
  } catch (error) {
    child.kill("SIGKILL");
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`Cannot start a run's supervisor: ${reason}${await readLastWords(files)}`, { cause: error });
  } finally {
    // It must not keep the agent from ending, nor the other way round.
    child.stdin?.destroy();
    child.stdout?.destroy();
    child.unref();
  }
}

function buildSupervisorEnvironment({ files, cacheDirectory, environment }: SupervisorOptions): Record<string, string> {
  const inherited = inheritedVariables
    .map((name) => [name, environment[name]] as const)
    .filter((entry): entry is readonly [string, string] => entry[1] !== undefined);
  const own = { NODE_COMPILE_CACHE: cacheDirectory, [supervisorVariable]: files.directory };
  return { ...Object.fromEntries(inherited), ...own };
}

function tell(child: ChildProcess, bytes: Uint8Array): void {
  // A supervisor that died while it was told: its end says more than the broken pipe.
  child.stdin?.on("error", () => child.stdin?.destroy());
  child.stdin?.end(bytes);
}

async function awaitAnswer(child: ChildProcess): Promise<"claimed" | "taken"> {
  const failed = new Promise<never>((_resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => reject(new Error(`it ended with ${signal ?? `exit code ${code}`}`)));
  });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const problem = `it has not claimed the run within ${claimSeconds} seconds`;
    timer = setTimeout(() => reject(new Error(problem)), claimSeconds * 1000);
  });
  try {
    // An answer that has arrived counts more than the end that came after it.
    const answer = child.stdout === null ? failed : readAnswer(child.stdout);
    return (await Promise.race([answer, late])) ?? (await failed);
  } finally {
    failed.catch(() => undefined);
    clearTimeout(timer);
  }
}

/** Undefined when it ended without a word. */
async function readAnswer(stdout: Readable): Promise<"claimed" | "taken" | undefined> {
  let text = "";
  for await (const chunk of stdout) {
    text += String(chunk);
    if (text === "claimed\n") return "claimed";
    if (text === "taken\n") return "taken";
  }
  return undefined;
}

/** The last line that a supervisor which broke has written about it, as the end of a sentence. */
export async function readLastWords({ supervisorLog }: RunFiles): Promise<string> {
  try {
    const lines = (await readFile(supervisorLog, "utf8")).split("\n");
    const last = lines.findLast((line) => /^\S*Error\b/.test(line.trim()));
    return last === undefined ? "" : ` (${last.trim()})`;
  } catch (error) {
    if (getErrorCode(error) === "ENOENT") return "";
    throw error;
  }
}

/** Beside the runs, where nobody else can put code into it. */
export function getCacheDirectory(runsDirectory: string): string {
  return join(runsDirectory, "compile-cache");
}
