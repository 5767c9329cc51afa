/** The real command, as a process. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { settleWithin, waitUntil } from "../support/wait-until.ts";

const program = resolve(import.meta.dirname, "../../adapters/cli/container-driver");

export interface CommandOptions {
  readonly url?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly directory?: string;
  /** On a terminal of its own (script(1)): standard output and standard error are one, and come as `stdout`. */
  readonly terminal?: boolean;
  /** How long it may take. */
  readonly seconds?: number;
  /** Shell behind the command, such as a pipe to another one. */
  readonly shell?: string;
}

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningCommand {
  readonly pid: number;
  stdout(): string;
  stderr(): string;
  /** Resolves when the pattern has been printed, to either of the two. */
  awaitText(pattern: RegExp): Promise<void>;
  kill(signal: NodeJS.Signals): void;
  readonly finished: Promise<Finished>;
}

/** Starts the command; nothing of the test's own environment but PATH reaches it. */
export function startCommand(args: readonly string[], options: CommandOptions = {}): RunningCommand {
  const { url, environment = {}, stdin, directory, terminal = false, shell, seconds = 100 } = options;
  const [file = "", ...words] = terminal
    ? onTerminal([program, ...args])
    : shell === undefined
      ? [program, ...args]
      : ["sh", "-c", `${quote([program, ...args])} ${shell}`];
  const child = spawn(file, words, {
    ...(directory === undefined ? {} : { cwd: directory }),
    env: {
      PATH: process.env["PATH"],
      HOME: process.env["HOME"],
      TERM: "xterm-256color",
      ...(url === undefined ? {} : { CONTAINER_DRIVER_URL: url }),
      ...environment,
    },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const text = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const)
    child[name].setEncoding("utf8").on("data", (more: string) => (text[name] += more));
  // It may have ended without reading.
  child.stdin.on("error", () => undefined);
  // script(1) takes the end of its input for the end of the terminal's.
  if (!terminal) child.stdin.end(stdin ?? "");
  const finished = once(child, "close").then(([code]) => ({ code: code as number | null, ...text }));
  return {
    pid: child.pid ?? 0,
    stdout: () => text.stdout,
    stderr: () => text.stderr,
    awaitText: async (pattern) => {
      await waitUntil(
        `the command prints ${pattern}`,
        () => {
          if (pattern.test(text.stdout) || pattern.test(text.stderr)) return true;
          if (child.exitCode !== null) throw new Error(`Cannot see ${pattern}: ${text.stdout}${text.stderr}`);
          return false;
        },
        { seconds: 60 },
      );
    },
    kill: (signal) => void child.kill(signal),
    finished: settleWithin(`${args.join(" ")} has ended`, finished, seconds).catch((error: unknown) => {
      child.kill("SIGKILL");
      throw new Error(`${String(error)}: ${text.stdout}${text.stderr}`, { cause: error });
    }),
  };
}

/** Runs the command to its end. */
export function runCommand(args: readonly string[], options: CommandOptions = {}): Promise<Finished> {
  return startCommand(args, options).finished;
}

function onTerminal(command: readonly string[]): string[] {
  return ["script", "--quiet", "--return", "--command", quote(command), "/dev/null"];
}

function quote(words: readonly string[]): string {
  return words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
}

/** Lines of JSON, each as an object. */
export function readJsonLines(text: string): Record<string, unknown>[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
