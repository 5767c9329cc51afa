/** kill -9 of nats-server again and again, while runs are asked for and carried out. */
import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { createGuresid, readValues, type DriverClient } from "../support/driver-client.ts";
import type { HttpAnswer } from "../support/http.ts";
import { readRunId } from "../support/story.ts";
import { waitUntil } from "../support/wait-until.ts";
import { buildCountedRequest, listExecutions } from "./counted-run.ts";
import { expectRunOnce, waitUntilIdle } from "./run-story.ts";
import { openStage } from "./stage.ts";

const restarts = 20;
/** Callers at once; each asks for one resource after the other. */
const callers = 3;

/** Asks until there is an answer that isn't "not now": what an orchestrator does. Returns it with all runs it was told of. */
async function provisionStubbornly(driver: DriverClient, guresid: string, body: unknown) {
  const accepted = new Set<string>();
  for (;;) {
    const answer: HttpAnswer = await driver.put(guresid, body, { headers: { Prefer: "wait=2" } });
    if (answer.status === 202) accepted.add(readRunId(answer));
    else if (answer.status !== 503) return { answer, accepted };
    else await delay(100);
  }
}

test("a broker that is killed and restarted 20 times loses no accepted run, doubles none, and leaves none without an end", async (context) => {
  const stage = await openStage(context);
  const [{ driver }] = await Promise.all([stage.startFrontDoor(), stage.startAgent(), stage.startAgent()]);
  const runs = new Map<string, string>();
  let isOver = false;

  async function call(caller: number): Promise<void> {
    for (let n = 0; !isOver; n++) {
      const label = `${caller}-${n}`;
      const request = buildCountedRequest({ witness: stage.witness, label });
      const { answer, accepted } = await provisionStubbornly(driver, createGuresid(), request);
      expect(readValues(answer), `the answer for ${label}`).toEqual({ label });
      expect([...accepted, readRunId(answer)], `the runs of ${label}`).toEqual(
        Array.from({ length: accepted.size + 1 }, () => readRunId(answer)),
      );
      runs.set(label, readRunId(answer));
    }
  }

  const calling = Array.from({ length: callers }, (_, caller) => call(caller));
  for (let n = 0; n < restarts; n++) {
    // In the midst of work, at another moment of it each time.
    const before = (await listExecutions(stage.witness)).length;
    await waitUntil("runs go on", async () => (await listExecutions(stage.witness)).length > before);
    await delay(n * 15);
    await stage.server.kill("SIGKILL");
    await stage.server.restart();
  }
  isOver = true;
  await Promise.all(calling);

  await waitUntilIdle(stage);
  expect(runs.size).toBeGreaterThanOrEqual(restarts);
  expect((await listExecutions(stage.witness)).sort()).toEqual([...runs.values()].sort());
  for (const [label, runId] of runs) await expectRunOnce(stage, runId, { label });
}, 180_000);
