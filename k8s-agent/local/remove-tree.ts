/** Removes a directory that a container wrote in, whatever modes it left there. */
import { chmod, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { getErrorCode } from "./protocol.ts";

/** Moves a directory out of the way, in one step, then removes it. Begins anew where an earlier removal stopped. */
export async function removeTree(path: string, removedPath: string): Promise<void> {
  await removeAnyMode(removedPath);
  try {
    await rename(path, removedPath);
  } catch (error) {
    if (getErrorCode(error) !== "ENOENT") throw error;
  }
  await removeAnyMode(removedPath);
}

async function removeAnyMode(path: string): Promise<void> {
  // Retries are for a process that wrote its last file while it was being killed.
  const options = { recursive: true, force: true, maxRetries: 3, retryDelay: 50 } as const;
  try {
    await rm(path, options);
  } catch (error) {
    const code = getErrorCode(error);
    if (code !== "EACCES" && code !== "EPERM") throw error;
    await openUp(path);
    await rm(path, options);
  }
}

/** A directory can be emptied only by those who may write in it. Symbolic links are not followed. */
async function openUp(directory: string): Promise<void> {
  await chmod(directory, 0o700);
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) await openUp(join(directory, entry.name));
  }
}
