import { chmod, chown, lstat, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { getRunFiles, listRuns, openRunsDirectory, UnusableRunsDirectory } from "./runs-directory.ts";

const runId = "01jd0000000000000000000000";
let directory: string;
beforeEach(async () => {
  directory = await realpath(await mkdtemp(join(tmpdir(), "runs-")));
});
afterEach(() => rm(directory, { recursive: true }));

test("it is made for this user alone, and opened again as it is", async () => {
  const path = join(directory, "a/b");
  expect(openRunsDirectory(path)).toBe(path);
  expect((await lstat(path)).mode & 0o777).toBe(0o700);
  expect(openRunsDirectory(path)).toBe(path);
});

test("one that others may enter is refused and left as it is", async () => {
  await chmod(directory, 0o1777);
  expect(() => openRunsDirectory(directory)).toThrow(
    `Cannot keep runs in ${directory}: its mode is 777, so others may enter it; it must be 700`,
  );
  expect((await lstat(directory)).mode & 0o7777).toBe(0o1777);
  await chmod(directory, 0o750);
  expect(() => openRunsDirectory(directory)).toThrow(UnusableRunsDirectory);
});

test("one that belongs to somebody else is refused", async () => {
  const root = process.getuid?.() === 0;
  const theirs = root ? join(directory, "theirs") : "/";
  if (root) {
    await mkdir(theirs, { mode: 0o700 });
    await chown(theirs, 65534, 65534);
  }
  expect(() => openRunsDirectory(theirs)).toThrow(/it belongs to user \d+, not to user \d+/);
});

test("a symbolic link and a file are refused", async () => {
  await mkdir(join(directory, "real"), { mode: 0o700 });
  await symlink(join(directory, "real"), join(directory, "link"));
  await writeFile(join(directory, "file"), "");
  expect(() => openRunsDirectory(join(directory, "link"))).toThrow("it is not a directory");
  expect(() => openRunsDirectory(join(directory, "file"))).toThrow("it is not a directory");
  expect(() => openRunsDirectory(join(directory, "file/runs"))).toThrow("it can't be made: ENOTDIR");
});

test("a path that leaves no room for a socket's is refused with limit and figure; the longest possible is taken", () => {
  const fill = (bytes: number) => join(directory, "x".repeat(bytes - directory.length - 1));
  expect(Buffer.byteLength(getRunFiles(openRunsDirectory(fill(75)), runId).socket)).toBe(107);
  expect(() => openRunsDirectory(fill(76))).toThrow("its path is 76 bytes, the limit is 75 bytes");
});

test("runs are listed, half removed ones too, and what is foreign is not", async () => {
  const other = "01jd0000000000000000000001";
  for (const name of [runId, `${other}.removed`, "compile-cache", ".git", `${runId}x`, runId.toUpperCase()]) {
    await mkdir(join(directory, name));
  }
  await writeFile(join(directory, "01jd0000000000000000000002"), "");
  await symlink(directory, join(directory, "01jd0000000000000000000003"));
  expect(listRuns(directory)).toEqual([runId, other]);
});

test.each(["", ".", "..", "../x", "01JD0000000000000000000000", `${runId}/..`])("%j is no run id", (name) => {
  expect(() => getRunFiles(directory, name)).toThrow();
});
