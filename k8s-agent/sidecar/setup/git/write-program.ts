/**
 * Programs for git to call. It starts a program with arguments by way of a shell, and the image has none: so these are
 * files of their own, for Node, which git starts as they are.
 */
import { writeFile } from "node:fs/promises";

/** Writes an executable file that runs this piece of JavaScript, which gets nothing imported. For the user alone. */
export async function writeProgram(file: string, code: string): Promise<void> {
  await writeFile(file, `#!${findInterpreter()}\n${code}\n`, { mode: 0o700 });
}

/** Linux takes no blank in an interpreter's path, and 255 characters at most. */
function findInterpreter(): string {
  const { execPath } = process;
  return /\s/.test(execPath) || execPath.length > 200 ? "/usr/bin/env node" : execPath;
}
