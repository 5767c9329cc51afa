import { appendFile, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { succeed } from "../../../../src/contract/result.ts";
import { measureDirectory } from "./watch-size.ts";
import { workWithinLimits } from "./within-limits.ts";

let directory = "";
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), "within-limits-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const mebi = 1024 ** 2;
const never = new AbortController().signal;
const untilAborted = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));

test("a size is what lies on the disk, links not followed", async () => {
  await mkdir(path.join(directory, "a/b"), { recursive: true });
  await writeFile(path.join(directory, "a/b/file"), new Uint8Array(mebi));
  await symlink("/usr", path.join(directory, "link"));
  await symlink(".", path.join(directory, "loop"));
  const bytes = await measureDirectory(directory);
  expect(bytes).toBeGreaterThanOrEqual(mebi);
  expect(bytes).toBeLessThan(mebi + 64 * 1024);
  expect(await measureDirectory(path.join(directory, "nothing"))).toBe(0);
});

test("work that keeps writing is stopped, with both figures", async () => {
  const outcome = await workWithinLimits(
    { directory, limits: { bytes: mebi, seconds: 60 }, signal: never },
    async ({ signal }) => {
      const file = path.join(directory, "file");
      while (!signal.aborted) await appendFile(file, new Uint8Array(64 * 1024));
      throw signal.reason;
    },
  );
  const text = outcome.ok ? "" : outcome.problem;
  const actual = /^the checkout, as far as it got, is (\d+) bytes, the limit is 1048576 bytes$/.exec(text)?.[1];
  expect(Number(actual)).toBeGreaterThan(mebi);
});

test("work that takes too long is stopped, with both figures", async () => {
  const outcome = await workWithinLimits(
    { directory, limits: { bytes: mebi, seconds: 0.05 }, signal: never },
    ({ signal }) => untilAborted(signal),
  );
  expect(outcome).toEqual({ ok: false, problem: "the time that it takes is 1 seconds, the limit is 0.05 seconds" });
});

test("what the work itself finds too large is refused in the same words", async () => {
  const limits = { bytes: 10, seconds: 60 };
  const outcome = await workWithinLimits({ directory, limits, signal: never }, async ({ signal, refuseBytes }) => {
    refuseBytes(11);
    throw signal.reason;
  });
  expect(outcome).toEqual({ ok: false, problem: "the checkout, as far as it got, is 11 bytes, the limit is 10 bytes" });
});

test("the caller's abort and the work's own errors come through, its result too", async () => {
  const limits = { bytes: mebi, seconds: 60 };
  const abort = new AbortController();
  const aborted = workWithinLimits({ directory, limits, signal: abort.signal }, ({ signal }) => untilAborted(signal));
  abort.abort(new Error("cancelled"));
  await expect(aborted).rejects.toThrow("cancelled");
  const broken = new Error("broken");
  const work = () => Promise.reject(broken);
  await expect(workWithinLimits({ directory, limits, signal: never }, work)).rejects.toBe(broken);
  expect(await workWithinLimits({ directory, limits, signal: never }, async () => succeed(7))).toEqual(succeed(7));
});
