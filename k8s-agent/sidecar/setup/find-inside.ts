/**
 * Finds a directory below another one without leaving it: a repository may hold a symbolic link to anywhere. Nobody else
 * writes there while setup runs, so what was looked at stays as it is.
 */
import type { Stats } from "node:fs";
import { chmod, lstat, mkdir, realpath } from "node:fs/promises";
import path from "node:path";
import { refuse, succeed, type Result } from "../../../src/contract/result.ts";

/** Main may run as any user. Whoever must not write there can't reach the directory: see `SetupOptions`. */
export const openDirectoryMode = 0o777;

/**
 * The real path of `root` followed by the parts, which hold no `..`; missing directories are made with `create`. Links
 * that stay inside are followed; the problem names the part that leads out, isn't a directory or isn't there.
 */
export async function findDirectoryInside(
  root: string,
  parts: readonly string[],
  { create }: { create: boolean },
): Promise<Result<string>> {
  const realRoot = await realpath(root);
  let current = realRoot;
  for (const [i, part] of parts.entries()) {
    const shown = parts.slice(0, i + 1).join("/");
    const next = await step(path.join(current, part), { create, realRoot });
    if (!next.ok) return refuse(`${shown} ${next.problem}`);
    current = next.value;
  }
  return succeed(current);
}

async function step(
  next: string,
  { create, realRoot }: { create: boolean; realRoot: string },
): Promise<Result<string>> {
  const stats = await lookAt(next);
  if (stats === undefined && !create) return refuse("does not exist");
  if (stats === undefined) {
    await mkdir(next);
    await chmod(next, openDirectoryMode);
    return succeed(next);
  }
  if (stats.isDirectory()) return succeed(next);
  if (!stats.isSymbolicLink()) return refuse("is a file, not a directory");
  const real = await realpath(next).catch(() => undefined);
  if (real === undefined || !isInside(realRoot, real))
    return refuse("is a symbolic link that leads out of the shared directory");
  return (await lookAt(real))?.isDirectory() === true ? succeed(real) : refuse("is a file, not a directory");
}

/** Inside, but not in git's own directory, where files can make git run programs. */
function isInside(realRoot: string, real: string): boolean {
  const relative = path.relative(realRoot, real);
  const parts = relative.split(path.sep);
  return parts[0] !== ".." && !path.isAbsolute(relative) && !parts.some((part) => part.toLowerCase() === ".git");
}

/** What is at a path, links not followed; undefined if nothing. */
export async function lookAt(file: string): Promise<Stats | undefined> {
  return lstat(file).catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  });
}
