import { chmod, chown, lstat, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { removeTree } from "./remove-tree.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "tree-"));
  // Root may remove everything, whatever its mode: be somebody who may not.
  if (process.getuid?.() !== 0) return;
  await chown(directory, 65534, 65534);
  process.seteuid?.(65534);
});
afterEach(async () => {
  if (process.getuid?.() === 0) process.seteuid?.(0);
  await rm(directory, { recursive: true });
});

async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

test("directories that may not be written in, or not even entered, are removed", async () => {
  const run = join(directory, "run");
  await mkdir(join(run, "a/b/c"), { recursive: true });
  await writeFile(join(run, "a/b/c/file"), "x", { mode: 0o000 });
  await writeFile(join(run, "a/file"), "x");
  for (const path of ["a/b/c", "a/b", "a", ""]) await chmod(join(run, path), path === "a/b" ? 0o000 : 0o500);
  await removeTree(run, `${run}.removed`);
  expect([await isThere(run), await isThere(`${run}.removed`)]).toEqual([false, false]);
});

test("what a symbolic link points to stays as it is", async () => {
  const run = join(directory, "run");
  const other = join(directory, "other");
  await mkdir(other, { mode: 0o500 });
  await mkdir(run);
  await symlink(other, join(run, "link"));
  await mkdir(join(run, "shut"));
  await writeFile(join(run, "shut/file"), "x");
  await chmod(join(run, "shut"), 0o500);
  await removeTree(run, `${run}.removed`);
  expect(await isThere(run)).toBe(false);
  expect((await lstat(other)).mode & 0o777).toBe(0o500);
});

test("nothing there is fine", async () => {
  await removeTree(join(directory, "run"), join(directory, "run.removed"));
  expect(await isThere(directory)).toBe(true);
});

test("a removal that was broken off is ended, beside a new directory of the same name", async () => {
  const run = join(directory, "run");
  await mkdir(join(`${run}.removed`, "left"), { recursive: true });
  await mkdir(run);
  await writeFile(join(run, "file"), "x");
  await removeTree(run, `${run}.removed`);
  expect([await isThere(run), await isThere(`${run}.removed`)]).toEqual([false, false]);
});

test("a path through a file is an error, not silence", async () => {
  await writeFile(join(directory, "file"), "x");
  await expect(removeTree(join(directory, "file/run"), join(directory, "gone"))).rejects.toThrow("ENOTDIR");
  expect(await readFile(join(directory, "file"), "utf8")).toBe("x");
});
