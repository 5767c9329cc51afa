/**
 * Two replicas that both believe they hold a run: the first one was paused, or cut off from the broker, for longer than
 * its lease. It finds out by itself, lets go, and disturbs nothing.
 */
import { describe, expect, test, type TestContext } from "vitest";
import { createGuresid, readValues } from "../support/driver-client.ts";
import { readRunId } from "../support/story.ts";
import { settleWithin, waitUntil } from "../support/wait-until.ts";
import { buildCountedRequest } from "./counted-run.ts";
import { holdAnswer, holdBefore, isEvent, isFinish, isLogChunk, type Said } from "./moments.ts";
import { awaitEvent, expectRunOnce, waitUntilIdle } from "./run-story.ts";
import { openStage, timeout, type AgentProgram } from "./stage.ts";

const standsDown = "Stood down from a run";

/** One agent behind a proxy, another one that waits, and a run that goes half-way. */
async function arrange(context: TestContext) {
  const stage = await openStage(context);
  const proxy = await stage.startProxy();
  const [driver, first, second] = await Promise.all([
    stage.openFrontDoor(),
    stage.startAgent({ url: proxy.url }),
    stage.startWaitingAgent(),
  ]);
  const guresid = createGuresid();
  const request = buildCountedRequest({ witness: stage.witness, label: "run", waits: true });

  /** The run's end, as the caller and the journals have it. */
  async function expectOneGoodEnd(runId: string): Promise<void> {
    const answer = await driver.provision(guresid, request);
    expect(readValues(answer)).toEqual({ label: "run" });
    expect(readRunId(answer)).toBe(runId);
    await waitUntilIdle(stage);
    await expectRunOnce(stage, runId, { label: "run" });
  }

  return { stage, proxy, first, second, expectOneGoodEnd, place: () => driver.put(guresid, request) };
}

const hasStoodDown = (agent: AgentProgram) => waitUntil("it stands down", () => agent.countLogged(standsDown) > 0);

describe("an agent that is paused for longer than its lease", { timeout }, () => {
  test("in the middle of a run stands down when it is resumed after the run's end", async (context) => {
    const { stage, first, second, place, expectOneGoodEnd } = await arrange(context);
    const runId = readRunId(await place());
    await stage.witness.await("run.here");
    first.pause();
    second.letTake();
    await awaitEvent(stage, runId, "adopted");
    await stage.witness.write("run.go");
    await awaitEvent(stage, runId, "succeeded");
    first.resume();
    await hasStoodDown(first);
    await expectOneGoodEnd(runId);
  });

  test("in the middle of a run stands down when it is resumed in the middle of the other one's work", async (context) => {
    const { stage, first, second, place, expectOneGoodEnd } = await arrange(context);
    const runId = readRunId(await place());
    await stage.witness.await("run.here");
    first.pause();
    second.letTake();
    await awaitEvent(stage, runId, "adopted");
    first.resume();
    // While main says nothing, and so nothing is written that could be refused.
    await hasStoodDown(first);
    await stage.witness.write("run.go");
    await expectOneGoodEnd(runId);
  });

  const places: readonly (readonly [string, Said])[] = [
    ["accepted", isEvent("accepted")],
    ["launched", isEvent("running")],
    ["read a part of the log", isLogChunk],
    ["seen main's end", isEvent("collecting")],
    ["decided how it ended", isEvent("succeeded")],
  ];
  test.for(places)(
    "when it has %s stands down, though what it was about to say still arrives",
    async ([, said], context) => {
      const { stage, proxy, first, second, place, expectOneGoodEnd } = await arrange(context);
      await stage.witness.write("run.go");
      const held = holdBefore(proxy, said);
      const runId = readRunId(await place());
      await settleWithin("the first agent gets there", held.caught, 60);
      first.pause();
      second.letTake();
      await awaitEvent(stage, runId, "succeeded");
      held.release();
      first.resume();
      await hasStoodDown(first);
      await expectOneGoodEnd(runId);
    },
  );

  test("after the terminal event finds the request gone, and nothing is said twice", async (context) => {
    const { stage, proxy, first, second, place, expectOneGoodEnd } = await arrange(context);
    await stage.witness.write("run.go");
    const held = holdBefore(proxy, isFinish);
    const runId = readRunId(await place());
    await settleWithin("the first agent gets there", held.caught, 60);
    first.pause();
    second.letTake();
    await waitUntilIdle(stage);
    held.release();
    first.resume();
    await expectOneGoodEnd(runId);
    expect(first.countLogged(standsDown)).toBe(0);
  });
});

describe("an agent that is cut off from the broker for longer than its lease", { timeout }, () => {
  test("is not taken for the holder when its event arrives after the other one's of the same kind", async (context) => {
    const { stage, proxy, first, second, place, expectOneGoodEnd } = await arrange(context);
    const held = holdBefore(proxy, isEvent("running"));
    const runId = readRunId(await place());
    await settleWithin("the first agent gets there", held.caught, 60);
    second.letTake();
    await awaitEvent(stage, runId, "running");
    held.release();
    await hasStoodDown(first);
    await stage.witness.write("run.go");
    await expectOneGoodEnd(runId);
  });

  test("and gets no answers is not taken for the holder either", async (context) => {
    const { stage, proxy, first, second, place, expectOneGoodEnd } = await arrange(context);
    const held = holdAnswer(proxy, isEvent("starting"));
    const runId = readRunId(await place());
    await settleWithin("the first agent gets there", held.caught, 60);
    first.pause();
    second.letTake();
    await awaitEvent(stage, runId, "running");
    held.release();
    first.resume();
    await hasStoodDown(first);
    await stage.witness.write("run.go");
    await expectOneGoodEnd(runId);
  });
});
