import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { createTermination } from "./termination.ts";

const onError = (error: unknown) => {
  throw error;
};

/** A shell that leads its own group and answers SIGTERM as the script says. */
async function startMain(script: string) {
  const child = spawn("/bin/sh", ["-c", `${script}; echo ready; while :; do sleep 0.02; done`], {
    detached: true,
    stdio: ["ignore", "pipe", "ignore"],
  });
  const exited = once(child, "exit");
  await once(child.stdout, "data");
  if (child.pid === undefined) throw new Error("it has not started");
  return { marks: { environment: [], group: child.pid }, exited };
}

test("before main is there, a stop aborts what is under way, and reaches main when it comes", async () => {
  const termination = createTermination({ onError });
  expect(termination.requested).toBe(false);
  termination.stop(60);
  expect([termination.requested, termination.signal.aborted]).toEqual([true, true]);
  const { marks, exited } = await startMain("trap 'exit 9' TERM");
  termination.attach(marks);
  expect(await exited).toEqual([9, null]);
  termination.detach();
});

test("a later stop can shorten the grace, and can't lengthen it", async () => {
  const termination = createTermination({ onError });
  const { marks, exited } = await startMain("trap '' TERM");
  termination.attach(marks);
  termination.stop(60);
  termination.stop(0.2);
  termination.stop(60);
  expect(await exited).toEqual([null, "SIGKILL"]);
  termination.detach();
});

test("a grace longer than a timer can count doesn't end at once", async () => {
  const termination = createTermination({ onError });
  const { marks, exited } = await startMain("trap 'sleep 0.3; exit 9' TERM");
  termination.attach(marks);
  termination.stop(1e9);
  expect(await exited).toEqual([9, null]);
  termination.detach();
});

test("after the end a stop changes nothing: who was not stopped isn't called so", () => {
  const termination = createTermination({ onError });
  termination.detach();
  termination.stop(0);
  expect(termination.requested).toBe(false);
});
