/** A program of ours as a process of its own, which a test may kill, pause and wait for. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { settleWithin, waitUntil } from "../support/wait-until.ts";

export interface Program {
  readonly pid: number;
  /** Everything that it has printed, its own log included. */
  output(): string;
  /** How often it has logged a sentence. */
  countLogged(sentence: string): number;
  /** SIGKILL, or another signal that ends it; resolves when it has ended. Twice is fine. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** SIGSTOP: it stands still, wherever it is, until it is resumed. */
  pause(): void;
  resume(): void;
}

export interface ProgramOptions {
  /** Its working directory, whose `.local/` has its keys. */
  readonly directory: string;
  readonly args?: readonly string[];
  /** Beside `PATH`. */
  readonly environment?: Readonly<Record<string, string>>;
  /** What it prints when it is ready. */
  readonly ready: RegExp;
}

/** Starts `adapters/<name>/main.ts` and resolves when it is ready. */
export function startProgram(name: "agent" | "node", options: ProgramOptions): Promise<Program> {
  return startScript(resolve(import.meta.dirname, `../../adapters/${name}/main.ts`), options);
}

/** Runs a script of ours on Node and resolves when it is ready. */
export async function startScript(script: string, options: ProgramOptions): Promise<Program> {
  const { directory, args = [], environment = {}, ready } = options;
  const child = spawn(process.execPath, [script, ...args], {
    cwd: directory,
    env: { PATH: process.env["PATH"], ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const killWithUs = () => child.kill("SIGKILL");
  process.once("exit", killWithUs);
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (more) => (text += more));
  const closed = once(child, "close").finally(() => process.off("exit", killWithUs));

  await waitUntil(
    `${script} is ready`,
    () => {
      if (child.exitCode !== null) throw new Error(`Cannot start ${script}: ${text}`);
      return ready.test(text);
    },
    { seconds: 60 },
  );
  const pid = child.pid ?? 0;
  return {
    pid,
    output: () => text,
    countLogged: (sentence) => text.split(`"msg":${JSON.stringify(sentence)}`).length - 1,
    async kill(signal = "SIGKILL") {
      child.kill(signal);
      await settleWithin(`${script} has ended after ${signal}`, closed, 20);
    },
    pause: () => void process.kill(pid, "SIGSTOP"),
    resume: () => void process.kill(pid, "SIGCONT"),
  };
}
