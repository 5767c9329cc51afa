/** Where the local launcher keeps its runs: one private directory, and in it one for each run, named by the run id. */
import { lstatSync, mkdirSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import * as v from "valibot";
import { describeLimit } from "../../src/contract/limits.ts";
import { RunId } from "../../src/contract/names.ts";
import { getErrorCode } from "./protocol.ts";

/** What is in a run's directory, as absolute paths. */
export interface RunFiles {
  readonly directory: string;
  /** Main's shared directory. */
  readonly workspace: string;
  /** The contract's files. */
  readonly exchange: string;
  /** Setup's keys, gone before main starts. */
  readonly scratch: string;
  /** What main printed. */
  readonly log: string;
  /** What the supervisor had to say when it broke. */
  readonly supervisorLog: string;
  /** The final status, once there is one. */
  readonly ended: string;
  /** The supervisor's socket: the run is claimed if it is there, and going on if it answers. */
  readonly socket: string;
}

/** Bytes of a Unix socket's path on Linux: sockaddr_un's 108 with the NUL at the end. */
const socketPathBytes = 107;
const longestRunPath = "/".length + 26 + "/sock".length;
const removedSuffix = ".removed";

/** The directory can't be used for runs. */
export class UnusableRunsDirectory extends Error {
  readonly code = "UNUSABLE_RUNS_DIRECTORY";

  constructor(directory: string, problem: string, options?: ErrorOptions) {
    super(`Cannot keep runs in ${directory}: ${problem}`, options);
    this.name = "UnusableRunsDirectory";
  }
}

/**
 * Makes the directory if it isn't there, and returns its absolute path. Whoever could write in it could run programs as
 * this user and read secrets, so one that others own or may enter is refused rather than mended: it may be somebody's
 * `/tmp`.
 */
export function openRunsDirectory(path: string): string {
  const directory = resolve(path);
  const bytes = Buffer.byteLength(directory);
  const most = socketPathBytes - longestRunPath;
  if (bytes > most) throw new UnusableRunsDirectory(directory, describeLimit("its path", bytes, most, "bytes"));
  makeDirectory(directory);
  const { uid, mode, isDirectory } = describe(directory);
  if (!isDirectory) throw new UnusableRunsDirectory(directory, "it is not a directory");
  const own = process.getuid?.() ?? uid;
  if (uid !== own) throw new UnusableRunsDirectory(directory, `it belongs to user ${uid}, not to user ${own}`);
  if ((mode & 0o077) !== 0) {
    const found = (mode & 0o777).toString(8);
    throw new UnusableRunsDirectory(directory, `its mode is ${found}, so others may enter it; it must be 700`);
  }
  return directory;
}

function makeDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    const code = getErrorCode(error);
    // Something else is there already; what it is, is said next.
    if (code === "EEXIST") return;
    throw new UnusableRunsDirectory(directory, `it can't be made: ${code || String(error)}`, { cause: error });
  }
}

function describe(path: string): { uid: number; mode: number; isDirectory: boolean } {
  const stats = lstatSync(path);
  return { uid: stats.uid, mode: stats.mode, isDirectory: stats.isDirectory() };
}

/** Names the files of a run. A supervisor has only its run's directory: `getRunFilesIn`. */
export function getRunFiles(runsDirectory: string, runId: string): RunFiles {
  return getRunFilesIn(join(runsDirectory, v.parse(RunId, runId)));
}

export function getRunFilesIn(directory: string): RunFiles {
  return {
    directory,
    workspace: join(directory, "workspace"),
    exchange: join(directory, "exchange"),
    scratch: join(directory, "scratch"),
    log: join(directory, "main.log"),
    supervisorLog: join(directory, "supervisor.log"),
    ended: join(directory, "ended.json"),
    socket: join(directory, "sock"),
  };
}

/** Where a run's directory goes, in one step, when it is removed: so that half of one is never taken for a run. */
export function getRemovedPath({ directory }: RunFiles): string {
  return directory + removedSuffix;
}

/** The ids of the runs that have a directory, half removed ones included; whatever else lies there is left alone. */
export function listRuns(runsDirectory: string): string[] {
  const names = readdirSync(runsDirectory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => (name.endsWith(removedSuffix) ? name.slice(0, -removedSuffix.length) : name));
  return [...new Set(names)].filter((name) => v.is(RunId, name)).sort();
}
