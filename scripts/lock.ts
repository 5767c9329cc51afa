/** One command at a time on a directory: each reads, decides and writes. */
import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const patienceMilliseconds = 20_000;

/** Does the work while no other command does its own on the same directory. One that died leaves nothing in the way. */
export async function withLock<T>(directory: string, work: () => Promise<T>): Promise<T> {
  const path = join(directory, "lock");
  await takeLock(path);
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

async function takeLock(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const deadline = performance.now() + patienceMilliseconds;
  for (;;) {
    try {
      return await writeFile(path, String(process.pid), { flag: "wx", mode: 0o600 });
    } catch (error) {
      if (!hasCode(error, "EEXIST")) throw error;
    }
    const holder = Number(await readHolder(path));
    if (holder > 0 && !isAlive(holder)) await moveAway(path);
    else if (performance.now() > deadline)
      throw new Error(`Cannot change ${dirname(path)}: process ${holder} is at it; remove ${path} if it isn't ours`);
    else await sleep(50);
  }
}

async function readHolder(path: string): Promise<string> {
  return readFile(path, "utf8").catch((error: unknown) => {
    if (hasCode(error, "ENOENT")) return "";
    throw error;
  });
}

/** By renaming: of two who find it abandoned, one moves it. */
async function moveAway(path: string): Promise<void> {
  const away = `${path}.${randomUUID()}`;
  try {
    await rename(path, away);
    await rm(away);
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return hasCode(error, "EPERM");
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
