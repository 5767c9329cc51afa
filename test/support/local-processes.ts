/** The processes of this machine, from /proc: what `ps` shows to everybody. */
import { readdir, readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";

/** Whether a process is there and more than a corpse that nobody has buried yet. */
export async function isProcessAlive(pid: number): Promise<boolean> {
  const stat = await readQuietly(`/proc/${pid}/stat`);
  // The state stands behind the name, which is in brackets and may hold anything.
  const state = stat.slice(stat.lastIndexOf(")") + 2)[0];
  return state !== undefined && state !== "Z" && state !== "X";
}

/** Every command line on the machine, as `ps -eww -o args` has it. */
export async function listCommandLines(): Promise<string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(pids.map((pid) => readQuietly(`/proc/${pid}/cmdline`)));
  return lines.filter((line) => line !== "").map((line) => line.replaceAll("\0", " ").trimEnd());
}

export interface CommandLineSampler {
  /** Every command line that was seen, once each. */
  stop(): Promise<ReadonlySet<string>>;
}

/** Looks at all command lines every few milliseconds until it is stopped. */
export function sampleCommandLines(): CommandLineSampler {
  const seen = new Set<string>();
  const ending = new AbortController();
  async function sample(): Promise<void> {
    while (!ending.signal.aborted) {
      for (const line of await listCommandLines()) seen.add(line);
      await delay(5);
    }
  }
  const sampling = sample();
  return {
    async stop() {
      ending.abort();
      await sampling;
      return seen;
    },
  };
}

/** Processes end while one looks at them: an empty text then. */
async function readQuietly(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ESRCH" || code === "EACCES") return "";
    throw error;
  }
}
