/** Lays one file over what is there. */
import { constants } from "node:fs";
import { open, unlink } from "node:fs/promises";
import path from "node:path";
import * as v from "valibot";
import { RelativePath } from "../../../src/contract/container/paths.ts";
import { refuse, succeed, type Result } from "../../../src/contract/result.ts";
import { findDirectoryInside, lookAt } from "./find-inside.ts";

export interface FileToWrite {
  /** Relative to the root. */
  readonly path: string;
  readonly text: string;
  /** Only for the user and the group, which in a Pod is the `fsGroup` that helpers and main share. */
  readonly secret: boolean;
}

/**
 * Writes a file below `root`, making the directories on the way. What has its name is replaced, not written through: a
 * link's target and a hard link's other names stay as they are. The problem says what is in the way.
 */
export async function writeFileInside(root: string, file: FileToWrite): Promise<Result<undefined>> {
  if (!v.is(RelativePath, file.path)) return refuse("its path is not one below the shared directory");
  try {
    const parts = file.path.split("/");
    const parent = await findDirectoryInside(root, parts.slice(0, -1), { create: true });
    return parent.ok ? await replaceFile(path.join(parent.value, parts.at(-1) ?? ""), file) : parent;
  } catch (error) {
    return refuse(error instanceof Error && "code" in error ? describeSystemError(String(error.code)) : String(error));
  }
}

async function replaceFile(target: string, { text, secret }: FileToWrite): Promise<Result<undefined>> {
  const stats = await lookAt(target);
  if (stats?.isDirectory() === true) return refuse("there is a directory of this name");
  if (stats !== undefined) await unlink(target);
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  const handle = await open(target, flags, 0o600);
  try {
    await handle.writeFile(text);
    await handle.chmod(secret ? 0o660 : 0o666);
  } finally {
    await handle.close();
  }
  return succeed(undefined);
}

function describeSystemError(code: string): string {
  if (code === "ENAMETOOLONG") return "a part of its path is too long for the file system";
  return code === "ENOSPC" ? "no space is left on the disk" : `the file system refuses it (${code})`;
}
