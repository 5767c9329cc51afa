/** What any user of the machine could see of its processes. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";

export interface SeenProcess {
  readonly pid: number;
  /** Arguments and environment, as far as they may be read. */
  readonly text: string;
}

/** All processes at this moment; read without yielding, so that the one that is waited for can't end meanwhile. */
export function listProcesses(): SeenProcess[] {
  return existsSync("/proc/self/cmdline") ? listByProc() : listByPs();
}

function listByProc(): SeenProcess[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.map((pid) => ({
    pid: Number(pid),
    text: ["cmdline", "environ"].map((name) => readOrNothing(`/proc/${pid}/${name}`)).join("\n"),
  }));
}

function listByPs(): SeenProcess[] {
  const lines = execFileSync("ps", ["axeww", "-o", "pid=,command="]).toString().split("\n");
  return lines.map((line) => ({ pid: Number.parseInt(line, 10), text: line }));
}

/** A process may end, or be another user's. */
function readOrNothing(file: string): string {
  try {
    return readFileSync(file, "utf8").replaceAll("\0", " ");
  } catch {
    return "";
  }
}

/** Those whose arguments or environment hold a text; this process is left out. */
export function findProcesses(text: string): SeenProcess[] {
  return listProcesses().filter((seen) => seen.pid !== process.pid && seen.text.includes(text));
}
