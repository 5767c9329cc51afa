/** kill -9 of the agent at each of its steps, found by what it says to the broker; then another replica goes on. */
import { describe, expect, test, type TestContext } from "vitest";
import { createGuresid, readValues, type DriverClient } from "../support/driver-client.ts";
import { listRuns } from "../support/runs-directory.ts";
import { readRunId } from "../support/story.ts";
import { settleWithin, waitUntil } from "../support/wait-until.ts";
import { buildCountedRequest } from "./counted-run.ts";
import { holdAnswer, holdBefore, isEvent, isFinish, isLogChunk, type Said } from "./moments.ts";
import type { NatsProxy } from "./proxy/nats-proxy.ts";
import { awaitEvent, expectRunOnce, waitUntilIdle } from "./run-story.ts";
import { openStage, timeout, type AgentProgram, type Stage } from "./stage.ts";

interface Scene {
  readonly stage: Stage;
  readonly driver: DriverClient;
  readonly victim: AgentProgram;
  readonly proxy: NatsProxy;
}

/** Arms whatever tells that the moment has come; resolves at that moment. */
type Moment = (scene: Scene) => Promise<unknown>;

const before =
  (said: Said): Moment =>
  ({ proxy }) =>
    holdBefore(proxy, said).caught;
const unanswered =
  (said: Said): Moment =>
  ({ proxy }) =>
    holdAnswer(proxy, said).caught;

/** Where the agent dies, and whether main waits half-way for the test. */
const steps: readonly (readonly [string, Moment, "waits"?])[] = [
  ["has pulled the request", before(isEvent("accepted"))],
  ["has stored `accepted` and doesn't know it", unanswered(isEvent("accepted"))],
  ["has accepted", before(isEvent("starting"))],
  ["launches", ({ stage }) => waitUntil("it begins to", async () => (await listRuns(stage.runsDirectory)).length > 0)],
  ["has launched", before(isEvent("running"))],
  ["has stored `running` and doesn't know it", unanswered(isEvent("running"))],
  ["has stored a part of the log and doesn't know it", unanswered(isLogChunk)],
  ["is in the middle of the run", ({ stage }) => stage.witness.await("run.here"), "waits"],
  ["has seen main's end", before(isEvent("collecting"))],
  ["knows how the run ended", before(isEvent("succeeded"))],
  ["has stored the terminal event and doesn't know it", unanswered(isEvent("succeeded"))],
  ["has stored the terminal event", before(isFinish)],
  ["has acknowledged and doesn't know it", unanswered(isFinish)],
];

async function openScene(context: TestContext): Promise<Scene> {
  const stage = await openStage(context);
  const proxy = await stage.startProxy();
  const [driver, victim] = await Promise.all([stage.openFrontDoor(), stage.startAgent({ url: proxy.url })]);
  return { stage, driver, victim, proxy };
}

const replicas: readonly (readonly [string, boolean])[] = [
  ["while another replica waits", true],
  ["and another one comes later", false],
];

describe.for(replicas)("kill -9 of an agent, %s:", { timeout }, ([, isWaiting]) => {
  test.for(steps)("when it %s, the run is carried on, once", async ([, moment, waits], context) => {
    const scene = await openScene(context);
    const { stage, driver, victim } = scene;
    const waiting = isWaiting ? await stage.startWaitingAgent() : undefined;
    const guresid = createGuresid();
    const request = buildCountedRequest({ witness: stage.witness, label: "run", waits: waits !== undefined });
    const reached = moment(scene);

    const placed = await driver.put(guresid, request);
    await settleWithin("the agent gets there", reached, 60);
    await victim.kill();
    if (waiting === undefined) await stage.startAgent();
    else waiting.letTake();
    if (waits !== undefined) {
      await awaitEvent(stage, readRunId(placed), "adopted");
      await stage.witness.write("run.go");
    }

    const answer = await driver.provision(guresid, request);
    expect(readValues(answer)).toEqual({ label: "run" });
    expect(readRunId(answer)).toBe(readRunId(placed));
    await waitUntilIdle(stage);
    await expectRunOnce(stage, readRunId(placed), { label: "run" });
  });
});
