/**
 * Finds and ends the processes of a run. They are known by their process group, and by an entry in the environment they
 * were started with, which every descendant inherits: so one that made a session of its own is found too. What stays
 * hidden is a process that did both, left its group and cleared its environment (or wrote over it, as some daemons do to
 * show a title). Without Linux' /proc, groups are all there is.
 *
 * The end of a process that isn't our child can't be awaited, so this looks again and again for a bounded time; it
 * happens only when something did outlive main.
 */
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { getErrorCode } from "./protocol.ts";

/** What tells a run's processes from all others. */
export interface ProcessMarks {
  /** Beginnings of entries `NAME=value` of an environment, unique to the run. */
  readonly environment: readonly string[];
  /** Main's process group; undefined when it isn't known (any more). */
  readonly group: number | undefined;
}

/** Soon at first, as most processes end at once, then less and less often. */
const lookAfterMilliseconds = { first: 10, longest: 160 };
/** A killed process is gone as soon as the kernel gets to it, unless it hangs in a device. */
const killedWithinMilliseconds = 2000;

/**
 * Sends SIGTERM to what is left of a run, and SIGKILL to what is still there after the grace (0: at once). Resolves with
 * true when nothing is left.
 */
export async function endProcesses(marks: ProcessMarks, graceMilliseconds: number): Promise<boolean> {
  if (!isAnyAlive(marks)) return true;
  if (graceMilliseconds > 0) {
    signalProcesses(marks, "SIGTERM");
    if (await areGoneWithin(marks, graceMilliseconds)) return true;
  }
  signalProcesses(marks, "SIGKILL");
  return await areGoneWithin(marks, killedWithinMilliseconds, () => signalProcesses(marks, "SIGKILL"));
}

/** Signals the whole groups of all processes that bear the marks. */
function signalProcesses(marks: ProcessMarks, signal: NodeJS.Signals): void {
  const groups = new Set(findProcesses(marks).map(({ group }) => group));
  if (marks.group !== undefined) groups.add(marks.group);
  for (const group of groups) signalGroup(group, signal);
}

/** False when there is no such group. One that belongs to another user by now is there, but can't be signalled. */
export function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  // kill(2): 0 is the caller's own group, -1 everything.
  if (!(group > 1)) throw new RangeError(`Cannot signal ${group}: it is no process group of a run`);
  try {
    process.kill(-group, signal);
    return true;
  } catch (error) {
    const code = getErrorCode(error);
    if (code === "ESRCH" || code === "EPERM") return code === "EPERM";
    throw error;
  }
}

async function areGoneWithin(marks: ProcessMarks, milliseconds: number, again?: () => void): Promise<boolean> {
  const until = performance.now() + milliseconds;
  for (let pause = lookAfterMilliseconds.first; isAnyAlive(marks); pause *= 2) {
    const left = until - performance.now();
    if (left <= 0) return false;
    again?.();
    await sleep(Math.min(pause, left, lookAfterMilliseconds.longest));
  }
  return true;
}

function isAnyAlive(marks: ProcessMarks): boolean {
  if (process.platform === "linux") return findProcesses(marks).length > 0;
  return marks.group !== undefined && signalGroup(marks.group, 0);
}

interface FoundProcess {
  readonly pid: number;
  readonly group: number;
}

/** Looks through /proc, which never waits for a disk. Zombies are left out: whoever should reap them may never do it. */
export function findProcesses(marks: ProcessMarks): FoundProcess[] {
  if (process.platform !== "linux") return [];
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => inspectProcess(Number(name), marks))
    .filter((found) => found !== undefined);
}

function inspectProcess(pid: number, marks: ProcessMarks): FoundProcess | undefined {
  const stat = readProcFile(pid, "stat");
  // The name, in parentheses, may hold anything; behind it: state, parent, process group (proc_pid_stat(5)).
  const [state, , group] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (group === undefined || state === "Z" || state === "X") return undefined;
  const found = { pid, group: Number(group) };
  return found.group === marks.group || hasMark(pid, marks) ? found : undefined;
}

function hasMark(pid: number, { environment }: ProcessMarks): boolean {
  const entries = `\0${readProcFile(pid, "environ")}`;
  return environment.some((entry) => entries.includes(`\0${Buffer.from(entry).toString("latin1")}`));
}

/** The bytes as characters; empty for a process that is gone or belongs to somebody else. */
function readProcFile(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "latin1");
  } catch (error) {
    if (["ENOENT", "ESRCH", "EACCES", "EPERM"].includes(getErrorCode(error))) return "";
    throw error;
  }
}
