/**
 * Runs one git command so that nothing but its arguments decides what it does: no configuration of the machine or the
 * user, no hooks, no prompts, no variable of the agent's but PATH, no transport but the one that was asked for.
 */
import { spawn } from "node:child_process";
import type { GitUrl } from "../../../../src/contract/container/source.ts";

/** What the commands of one checkout share. */
export interface GitSession {
  readonly transport: GitUrl["transport"];
  /** Private; git's home and the place of its temporary files. */
  readonly home: string;
  /** `name=value` settings. They can be seen in the list of processes: no secrets. */
  readonly config: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Aborting kills git and every process that it started. */
  readonly signal: AbortSignal;
}

export interface GitEnd {
  readonly exitCode: number;
  /** The first MiB. */
  readonly stdout: string;
  /** The last 16 KiB; may hold what a hostile server sends. */
  readonly stderr: string;
}

export interface GitOptions {
  /** The work tree, for commands that need one. */
  readonly directory?: string;
  /** Takes the output instead of `stdout`. */
  readonly onOutput?: (chunk: Buffer) => void;
}

const stdoutBytes = 1024 ** 2;
const stderrBytes = 16 * 1024;

/** Every setting that could make git run another program, write elsewhere or outlive this command. */
const config = [
  // Empty: it takes back every helper that was configured before.
  "credential.helper=",
  "core.hooksPath=/dev/null",
  "core.fsmonitor=false",
  "core.protectHFS=true",
  "core.protectNTFS=true",
  "submodule.recurse=false",
  "fetch.recurseSubmodules=false",
  "gc.auto=0",
  "maintenance.auto=false",
  // Servers move repositories, so a redirect is followed where git can tell what it leads to: on the first request. It
  // takes no credential to another host (those are bound to one) and leads to no other protocol (GIT_ALLOW_PROTOCOL).
  "http.followRedirects=initial",
  // A server that falls silent, in bytes per second and seconds.
  "http.lowSpeedLimit=1",
  "http.lowSpeedTime=60",
];

/** The environment of git: all of it. */
function buildGitEnvironment({ transport, home, env }: GitSession, directory: string | undefined) {
  // A git directory that doesn't exist keeps git from looking for a repository around its working directory.
  const gitDirectory = directory === undefined ? `${home}/none` : `${directory}/.git`;
  return {
    PATH: process.env["PATH"] ?? "/usr/local/bin:/usr/bin:/bin",
    HOME: home,
    XDG_CONFIG_HOME: home,
    TMPDIR: home,
    LC_ALL: "C",
    GIT_DIR: gitDirectory,
    ...(directory === undefined ? {} : { GIT_WORK_TREE: directory }),
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_ATTR_NOSYSTEM: "1",
    GIT_TERMINAL_PROMPT: "0",
    GIT_ALLOW_PROTOCOL: transport,
    ...env,
  };
}

/** Runs git to its end, whatever that is. Rejects with the signal's reason when aborted, once git is gone. */
export async function runGit(session: GitSession, args: readonly string[], options: GitOptions = {}): Promise<GitEnd> {
  const { signal } = session;
  signal.throwIfAborted();
  const settings = [...config, ...session.config].flatMap((setting) => ["-c", setting]);
  const child = spawnUnmasked([...settings, ...args], {
    cwd: options.directory ?? session.home,
    env: buildGitEnvironment(session, options.directory),
  });
  const kill = () => killGroup(child.pid);
  signal.addEventListener("abort", kill);
  // Whatever git leaves behind would hold the pipes open.
  child.once("exit", kill);
  const stdout = keepFirst(stdoutBytes);
  const stderr = keepLast(stderrBytes);
  child.stdout.on("data", options.onOutput ?? stdout.add);
  child.stderr.on("data", stderr.add);
  try {
    const exitCode = await new Promise<number>((resolve, reject) => {
      child.once("error", (error) => (isMissing(error) ? resolve(missingExitCode) : reject(error)));
      child.once("close", (code) => resolve(code ?? -1));
    });
    signal.throwIfAborted();
    return { exitCode, stdout: stdout.read(), stderr: stderr.read() };
  } finally {
    signal.removeEventListener("abort", kill);
  }
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    // ESRCH: nobody is left. macOS says EPERM when only a zombie is.
    if (!(error instanceof Error && "code" in error && (error.code === "ESRCH" || error.code === "EPERM"))) throw error;
  }
}

/**
 * Main may run as another user: without a mask all that git makes can be read and written by anybody who can reach it. A
 * child has its parent's mask from the moment at which it is made, and no other code of ours runs in between.
 */
function spawnUnmasked(args: readonly string[], options: { cwd: string; env: Record<string, string> }) {
  const mask = process.umask(0);
  try {
    // A process group of its own, so that git's children can be killed with it.
    return spawn("git", args, { ...options, stdio: ["ignore", "pipe", "pipe"], detached: true });
  } finally {
    process.umask(mask);
  }
}

/** As a shell would say it. */
export const missingExitCode = 127;

function isMissing(error: Error): boolean {
  return "code" in error && error.code === "ENOENT";
}

interface Kept {
  readonly add: (chunk: Buffer) => void;
  readonly read: () => string;
}

function keepFirst(limit: number): Kept {
  const chunks: Buffer[] = [];
  let size = 0;
  const add = (chunk: Buffer) => {
    if (size < limit) chunks.push(chunk.subarray(0, limit - size));
    size += chunk.length;
  };
  return { add, read: () => Buffer.concat(chunks).toString() };
}

function keepLast(limit: number): Kept {
  let kept = Buffer.alloc(0);
  const add = (chunk: Buffer) => {
    kept = Buffer.concat([kept, chunk]).subarray(-limit);
  };
  return { add, read: () => kept.toString() };
}
