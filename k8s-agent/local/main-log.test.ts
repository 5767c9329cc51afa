import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openMainLog } from "./main-log.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "log-"));
});
afterEach(() => rm(directory, { recursive: true }));

async function open(file = join(directory, "log")) {
  const sizes: number[] = [];
  const log = await openMainLog({ file, pipe: join(directory, "pipe"), onGrowth: (bytes) => sizes.push(bytes) });
  return { log, sizes, read: () => readFile(file, "utf8") };
}

test("what a program writes to stdout and stderr is kept in order, and its growth is told", async () => {
  const { log, sizes, read } = await open();
  const child = spawn("/bin/sh", ["-c", "echo 1; echo 2 >&2; echo 3 >/dev/stdout; echo 4"], {
    stdio: ["ignore", log.writeEnd, log.writeEnd],
  });
  await once(child, "spawn");
  log.handOver();
  await log.finished;
  expect(await read()).toBe("1\n2\n3\n4\n");
  expect(sizes.at(-1)).toBe(8);
  expect(log.gap).toBeUndefined();
});

test("the pipe has no name that anybody else could open", async () => {
  const { log } = await open();
  expect(await readdir(directory)).toEqual(["log"]);
  log.handOver();
  await log.finished;
});

test("a full disk holds the program up no more than an empty one, and what is missing is counted", async () => {
  const { log } = await open("/dev/full");
  const child = spawn("/bin/sh", ["-c", "head -c 1000000 /dev/zero"], {
    stdio: ["ignore", log.writeEnd, log.writeEnd],
  });
  const exited = once(child, "exit");
  log.handOver();
  await log.finished;
  expect(await exited).toEqual([0, null]);
  expect(log.gap).toEqual({ bytes: 1_000_000, reason: "the log could not be written to the disk: ENOSPC" });
});

test("closed while somebody could still write, it ends all the same, with what was written before", async () => {
  const { log, read, sizes } = await open();
  const child = spawn("/bin/sh", ["-c", "echo first; exec sleep 300"], {
    stdio: ["ignore", log.writeEnd, log.writeEnd],
  });
  await once(child, "spawn");
  log.handOver();
  await expect.poll(() => sizes.at(-1)).toBe(6);
  log.close();
  await log.finished;
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(await read()).toBe("first\n");
});
