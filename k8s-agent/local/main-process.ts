/** Main as a process of this machine: the leader of a session and process group of its own. */
import { spawn, type ChildProcess } from "node:child_process";
import { stat } from "node:fs/promises";
import { refuse, succeed, type Result } from "../../src/contract/result.ts";
import type { EndCause } from "../launch/launcher.ts";
import type { Main } from "./build-main.ts";
import { getErrorCode } from "./protocol.ts";

export interface MainProcess {
  /** The process group that it leads. */
  readonly group: number;
  readonly exited: Promise<Extract<EndCause, { kind: "exited" | "signalled" }>>;
}

/**
 * Starts main with stdin from nowhere, and stdout and stderr as given. The problem of a refusal is a whole sentence. A
 * container ends as it was told to start: no shell, no variable more than the contract's.
 */
export async function startMain(main: Main, output: number): Promise<Result<MainProcess>> {
  try {
    const child = spawn(main.command, main.args, {
      cwd: main.directory,
      env: main.environment,
      // setsid(2): signals to the group reach main and its children, and none of ours.
      detached: true,
      stdio: ["ignore", output, output],
    });
    const exited = awaitExit(child);
    const group = await awaitStart(child);
    return succeed({ group, exited });
  } catch (error) {
    return refuse(await explainStart(main, error));
  }
}

function awaitStart(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("spawn", () => {
      if (child.pid === undefined) reject(new Error("it has no process id"));
      else resolve(child.pid);
    });
  });
}

function awaitExit(child: ChildProcess): MainProcess["exited"] {
  return new Promise((resolve) => {
    child.once("exit", (exitCode, signal) => {
      resolve(signal === null ? { kind: "exited", exitCode: exitCode ?? 0 } : { kind: "signalled", signal });
    });
  });
}

async function explainStart({ command, directory, environment }: Main, error: unknown): Promise<string> {
  return `Cannot start ${JSON.stringify(command)}: ${await explain()}`;

  async function explain(): Promise<string> {
    const code = getErrorCode(error);
    const where = command.includes("/")
      ? "there is no such file"
      : `there is no such program on PATH ${environment["PATH"]}`;
    if (code === "ENOENT" && !(await isDirectory(directory)))
      return `its working directory ${directory} does not exist`;
    if (code === "ENOENT") return `${where}, or the interpreter that it names is missing`;
    if (code === "EACCES") return "it is not an executable file, or this user may not execute it";
    if (code === "ENOEXEC") return "it is not a program that this machine can execute";
    if (code === "E2BIG") return "its arguments and environment are longer than this machine allows";
    if (code === "ERR_INVALID_ARG_VALUE") return "an argument or a variable holds a NUL character";
    return code || String(error);
  }
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    // Whatever is in the way: main couldn't have worked there.
    return false;
  }
}
