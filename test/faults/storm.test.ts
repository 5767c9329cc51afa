/** Everything at once: broker, agents and front doors are killed at random moments while runs are asked for. */
import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { createGuresid, readValues } from "../support/driver-client.ts";
import type { HttpAnswer } from "../support/http.ts";
import { readRunId } from "../support/story.ts";
import { buildCountedRequest, listExecutions } from "./counted-run.ts";
import { expectRunOnce, waitUntilIdle } from "./run-story.ts";
import { openStage, timeout, type AgentProgram, type FrontDoorProgram } from "./stage.ts";

const crashes = 12;
/** Callers at once; each asks for one resource after the other. */
const callers = 3;
const mostMillisecondsBetween = 1000;

test("in a storm of crashes every run that is asked for is executed once and told of", { timeout }, async (context) => {
  const stage = await openStage(context);
  const frontDoors: FrontDoorProgram[] = await Promise.all([stage.startFrontDoor(), stage.startFrontDoor()]);
  const agents: AgentProgram[] = await Promise.all([stage.startAgent(), stage.startAgent()]);
  const runs = new Map<string, string>();
  const story: string[] = [];
  context.onTestFailed(() => console.error(story.join(", ")));
  let isOver = false;

  const choose = (count: number) => Math.floor(Math.random() * count);

  async function restartFrontDoor(index: number): Promise<void> {
    await frontDoors[index]?.kill();
    frontDoors[index] = await stage.startFrontDoor();
  }

  async function restartAgent(index: number): Promise<void> {
    await agents[index]?.kill();
    agents[index] = await stage.startAgent();
  }

  async function restartBroker(): Promise<void> {
    await stage.server.kill("SIGKILL");
    await stage.server.restart();
  }

  const calamities = {
    "front door": (index: number) => restartFrontDoor(index),
    agent: (index: number) => restartAgent(index),
    broker: () => restartBroker(),
    // What the broker has just given to the agent it may have forgotten when it is back.
    "broker and agent": async (index: number) => void (await Promise.all([restartBroker(), restartAgent(index)])),
  };

  /** Whatever is there of the two front doors is asked, until it answers for good. */
  async function insist(guresid: string, request: unknown): Promise<HttpAnswer> {
    for (;;) {
      const asking = frontDoors[choose(2)]?.driver.put(guresid, request, { headers: { Prefer: "wait=2" } });
      const answer = await asking?.catch(() => undefined);
      if (answer !== undefined && answer.status !== 202 && answer.status !== 503) return answer;
      await delay(50);
    }
  }

  async function call(caller: number): Promise<void> {
    for (let n = 0; !isOver; n++) {
      const label = `${caller}-${n}`;
      const answer = await insist(createGuresid(), buildCountedRequest({ witness: stage.witness, label }));
      expect(readValues(answer)).toEqual({ label });
      runs.set(label, readRunId(answer));
    }
  }

  const calling = Promise.all(Array.from({ length: callers }, (_, caller) => call(caller)));
  for (let n = 0; n < crashes; n++) {
    await delay(choose(mostMillisecondsBetween));
    const [what, strike] = Object.entries(calamities)[n % 4] ?? expect.unreachable();
    story.push(what);
    // A caller that is answered wrongly ends the test at once.
    await Promise.race([strike(choose(2)), calling]);
  }
  isOver = true;
  await calling;
  await waitUntilIdle(stage);
  expect((await listExecutions(stage.witness)).sort()).toEqual([...runs.values()].sort());
  for (const [label, runId] of runs) await expectRunOnce(stage, runId, { label });
});
