/** A command of package.json as a user runs it, with everything that it starts, and stopped as Ctrl-C does. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { settleWithin, waitUntil } from "../support/wait-until.ts";

export interface ScriptProcess {
  /** What stands in the ready line's brackets. */
  readonly ready: string;
  /** Everything that was printed. */
  output(): string;
  /** Sends a signal to whom a terminal or a supervisor would, and resolves with the exit code. Twice is fine. */
  stop(signal?: "SIGINT" | "SIGTERM"): Promise<number | null>;
}

export interface ScriptOptions {
  /** `HOME`, by which all its processes are known: no other process has it. */
  readonly home: string;
  /** Beside `PATH`. */
  readonly environment: Readonly<Record<string, string>>;
  /** Where it runs; left out: the project. */
  readonly directory?: string;
  /** What it prints when it is ready. */
  readonly ready: RegExp;
}

const root = resolve(import.meta.dirname, "../..");

/** Starts `npm run <script>` and resolves when it is ready. */
export function startScript(script: string, options: ScriptOptions): Promise<ScriptProcess> {
  return startCommand(`npm run --silent ${script}`, options);
}

/** Starts a line of shell and resolves when it is ready. */
export async function startCommand(command: string, options: ScriptOptions): Promise<ScriptProcess> {
  const { home, environment, ready, directory = root } = options;
  const child = spawn("sh", ["-c", `exec ${command}`], {
    cwd: directory,
    env: { PATH: process.env["PATH"], HOME: home, NO_COLOR: "1", ...environment },
    stdio: ["ignore", "pipe", "pipe"],
    // A group of its own, as a terminal gives each command.
    detached: true,
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (output += text));
  const closed = once(child, "close") as Promise<[number | null]>;
  const found = await waitUntil(
    `${command} is ready`,
    () => {
      if (child.exitCode !== null) throw new Error(`Cannot start ${command}: ${output}`);
      return ready.exec(output) ?? undefined;
    },
    { seconds: 90 },
  );
  return {
    ready: found[1] ?? "",
    output: () => output,
    async stop(signal = "SIGINT") {
      const { pid, exitCode } = child;
      if (exitCode !== null || pid === undefined) return exitCode;
      // Ctrl-C reaches the whole group, a supervisor npm alone.
      process.kill(signal === "SIGINT" ? -pid : pid, signal);
      const [code] = await settleWithin(`${command} has ended`, closed, 20);
      return code;
    },
  };
}

/** The processes that have this `HOME`: every one that was started with it, however far down. */
export async function findProcesses(home: string): Promise<{ pid: number; commandLine: string }[]> {
  const found: { pid: number; commandLine: string }[] = [];
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const environment = await readQuietly(`/proc/${name}/environ`);
    if (!environment.split("\0").includes(`HOME=${home}`)) continue;
    const commandLine = await readQuietly(`/proc/${name}/cmdline`);
    // An empty one is a corpse that nobody has buried yet.
    if (commandLine !== "") found.push({ pid: Number(name), commandLine: commandLine.replaceAll("\0", " ").trimEnd() });
  }
  return found;
}

/** Processes end while one looks at them, and those of others can't be looked at. */
async function readQuietly(path: string): Promise<string> {
  return readFile(path, "utf8").catch(() => "");
}
