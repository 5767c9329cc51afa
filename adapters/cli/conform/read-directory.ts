/** A driver's directory as `files` of a request: that is how it travels without an image and without git. */
import { lstat, readdir, readFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { decodeUtf8 } from "../../../src/contract/decode.ts";
import { describeLimit, limits } from "../../../src/contract/limits.ts";
import { refuse, succeed, type Result } from "../../../src/contract/result.ts";

/** Text by path. `.git` is left out; refused: what can't be in a request, such as links and binary files. */
export async function readDirectory(directory: string): Promise<Result<Record<string, string>>> {
  const paths = await listPaths(directory);
  if (!paths.ok) return paths;
  if (paths.value.length > limits.files)
    return refuse(describeLimit(directory, paths.value.length, limits.files, "files"));
  const files: Record<string, string> = {};
  for (const path of paths.value) {
    const text = decodeUtf8(await readFile(join(directory, path)));
    if (!text.ok)
      return refuse(`${path} is ${text.problem}, and a request takes text only: put it into an image or into git`);
    files[path] = text.value;
  }
  return succeed(files);
}

async function listPaths(directory: string): Promise<Result<string[]>> {
  const paths: string[] = [];
  const waiting = [directory];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    for (const name of (await readdir(next)).sort()) {
      const full = join(next, name);
      const path = relative(directory, full).replaceAll(sep, "/");
      const stats = await lstat(full);
      if (stats.isDirectory() && name !== ".git") waiting.push(full);
      else if (stats.isFile()) paths.push(path);
      else if (!stats.isDirectory())
        return refuse(`${path} is not a file or a directory, and a request takes nothing else`);
      // Not the whole machine, when somebody gives the wrong directory.
      if (paths.length > limits.files * 10)
        return refuse(describeLimit(directory, paths.length, limits.files, "files at least"));
    }
  }
  return succeed(paths.sort());
}
