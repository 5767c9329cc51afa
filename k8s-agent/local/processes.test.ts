import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { afterEach, expect, test } from "vitest";
import { endProcesses, findProcesses, signalGroup } from "./processes.ts";

const children: ChildProcess[] = [];
afterEach(() => {
  for (const { pid } of children.splice(0)) if (pid !== undefined) signalGroup(pid, "SIGKILL");
});

/** Starts a shell in a session of its own, and waits until it says that it is ready. */
async function startShell(
  script: string,
  environment: Record<string, string> = {},
): Promise<ChildProcess & { pid: number }> {
  const env = { PATH: process.env["PATH"] ?? "", ...environment };
  const child = spawn("/bin/sh", ["-c", `${script}\necho ready\nwait`], {
    detached: true,
    env,
    stdio: ["ignore", "pipe", "ignore"],
  });
  children.push(child);
  await once(child.stdout, "data");
  return child as ChildProcess & { pid: number };
}

const mark = `TEST_RUN=/tmp/ünï/${process.pid}`;
const marked = { TEST_RUN: mark.slice("TEST_RUN=".length) };

test("a group is found with all its members, and SIGTERM ends it", async () => {
  const { pid } = await startShell("sleep 300 & sleep 300 &");
  const marks = { environment: [], group: pid };
  expect(findProcesses(marks)).toHaveLength(3);
  expect(await endProcesses(marks, 5000)).toBe(true);
  expect(findProcesses(marks)).toEqual([]);
});

test("members that ignore SIGTERM are killed after the grace", async () => {
  const { pid } = await startShell("trap '' TERM; sleep 300 &");
  const marks = { environment: [], group: pid };
  const begun = performance.now();
  expect(await endProcesses(marks, 300)).toBe(true);
  expect(performance.now() - begun).toBeGreaterThan(300);
});

test("a descendant in a session of its own is found by its environment, and its whole group is ended", async () => {
  await startShell("setsid sh -c 'sleep 300 & sleep 300' &", marked);
  const marks = { environment: ["NEVER=x", mark], group: undefined };
  await expect.poll(() => new Set(findProcesses(marks).map(({ group }) => group)).size).toBe(2);
  expect(await endProcesses(marks, 0)).toBe(true);
  expect(findProcesses(marks)).toEqual([]);
});

test("an environment that only resembles the mark is left alone", async () => {
  const { pid } = await startShell("sleep 300 &", {
    MY_TEST_RUN: marked.TEST_RUN,
    X: mark,
  });
  expect(findProcesses({ environment: [mark], group: undefined })).toEqual([]);
  expect(findProcesses({ environment: [], group: pid })).toHaveLength(2);
});

test("what would be one's own group, or every process, is never signalled", () => {
  for (const group of [-1, 0, 1, NaN]) expect(() => signalGroup(group, 0)).toThrow("no process group of a run");
});

test("ending what isn't there is done at once", async () => {
  const child = await startShell("");
  // It may have ended as soon as it was ready.
  await expect.poll(() => child.exitCode).toBe(0);
  expect(signalGroup(child.pid, 0)).toBe(false);
  expect(await endProcesses({ environment: [mark], group: child.pid }, 60_000)).toBe(true);
});
