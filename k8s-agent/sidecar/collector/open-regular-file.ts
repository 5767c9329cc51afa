/**
 * Opens a file that somebody hostile may have put there. A symbolic link would show a file of ours, a FIFO would block for
 * ever, a device may do anything: only a regular file is read, and never more of it than asked for.
 */
import { constants, type Stats } from "node:fs";
import { lstat, open, type FileHandle } from "node:fs/promises";
import { refuse, succeed, type Result } from "../../../src/contract/result.ts";

export interface RegularFile {
  /** Bytes, when it was opened. */
  readonly size: number;
  /** At most `length` bytes from `position` on; fewer where the file ends. */
  read(range: { position: number; length: number }): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** Opens a regular file; undefined if there is nothing. The problem says what is there instead, or why it can't be read. */
export async function openRegularFile(file: string): Promise<Result<RegularFile | undefined>> {
  try {
    // Before opening, as opening a device is enough to set it off.
    const found = checkKind(await lstat(file));
    if (!found.ok) return found;
    return await openChecked(file);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    return code === "ENOENT" ? succeed(undefined) : refuse(`it can't be opened (${code || String(error)})`);
  }
}

/** Again after opening: whoever main left behind may have exchanged the file since. */
async function openChecked(file: string): Promise<Result<RegularFile>> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  const stats = await handle.stat().catch(async (error: unknown) => {
    await handle.close();
    throw error;
  });
  const checked = checkKind(stats);
  if (checked.ok)
    return succeed({
      size: stats.size,
      read: (range) => readRange(handle, range),
      close: () => handle.close(),
    });
  await handle.close();
  return checked;
}

async function readRange(
  handle: FileHandle,
  { position, length }: { position: number; length: number },
): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}

function checkKind(stats: Stats): Result<undefined> {
  return stats.isFile() ? succeed(undefined) : refuse(`it is ${nameKind(stats)}, must be a regular file`);
}

function nameKind(stats: Stats): string {
  if (stats.isSymbolicLink()) return "a symbolic link";
  if (stats.isDirectory()) return "a directory";
  if (stats.isFIFO()) return "a FIFO";
  return stats.isSocket() ? "a socket" : "a device";
}
