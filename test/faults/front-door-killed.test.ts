/** kill -9 of a front door between its writes: the record, the `requested` event, the request. Another one heals it. */
import { describe, expect, test, type TestContext } from "vitest";
import { createGuresid, readValues } from "../support/driver-client.ts";
import { readRunId } from "../support/story.ts";
import { settleWithin } from "../support/wait-until.ts";
import { buildCountedRequest, listExecutions } from "./counted-run.ts";
import { holdAnswer, holdBefore, isEvent, isRequest, type Said } from "./moments.ts";
import type { NatsProxy, Trap } from "./proxy/nats-proxy.ts";
import { expectRunOnce, waitUntilIdle } from "./run-story.ts";
import { openStage, timeout, type FrontDoorProgram } from "./stage.ts";

const isRecord: Said = ({ subject, headers }) => subject.startsWith("$KV.") && headers.includes("Expected-Last");

const steps: readonly (readonly [string, (proxy: NatsProxy) => Trap])[] = [
  ["has stored the record and doesn't know it", (proxy) => holdAnswer(proxy, isRecord)],
  ["has stored the record", (proxy) => holdBefore(proxy, isEvent("requested"))],
  ["has stored the event and doesn't know it", (proxy) => holdAnswer(proxy, isEvent("requested"))],
  ["has stored the event", (proxy) => holdBefore(proxy, isRequest)],
  ["has placed the request and doesn't know it", (proxy) => holdAnswer(proxy, isRequest)],
];

async function arrange(context: TestContext) {
  const stage = await openStage(context);
  const proxy = await stage.startProxy();
  const [driver, victim] = await Promise.all([
    stage.openFrontDoor(),
    stage.startFrontDoor({ url: proxy.url }),
    stage.startAgent(),
  ]);
  const guresid = createGuresid();
  const request = buildCountedRequest({ witness: stage.witness, label: "run" });
  return { stage, proxy, driver, victim, guresid, request };
}

/** Has a call killed at that moment. */
async function killAt(trap: Trap, victim: FrontDoorProgram, call: () => Promise<unknown>): Promise<void> {
  const answer = call().catch((error: unknown) => error);
  await settleWithin("the front door gets there", trap.caught, 20);
  await victim.kill();
  expect(await answer).toBeInstanceOf(Error);
}

describe("kill -9 of a front door", { timeout }, () => {
  test.for(steps)("when it %s: the next PUT, through another one, is for the same run", async ([, arm], context) => {
    const { stage, proxy, driver, victim, guresid, request } = await arrange(context);
    await killAt(arm(proxy), victim, () => victim.driver.put(guresid, request));
    const answer = await driver.provision(guresid, request);
    expect(readValues(answer)).toEqual({ label: "run" });
    await waitUntilIdle(stage);
    expect(await listExecutions(stage.witness)).toEqual([readRunId(answer)]);
    await expectRunOnce(stage, readRunId(answer), { label: "run" });
  });

  test("when a PUT is half placed: other callers are told 409, which heals it too", async (context) => {
    const { stage, proxy, driver, victim, guresid, request } = await arrange(context);
    const trap = holdBefore(proxy, isEvent("requested"));
    await killAt(trap, victim, () => victim.driver.put(guresid, request));
    const refused = await driver.put(guresid, { ...request, resource: { label: "other" } });
    expect(refused.status).toBe(409);
    await waitUntilIdle(stage);
    await expectRunOnce(stage, readRunId(refused), { label: "run" });
  });

  test("when a DELETE is half placed: the next one is for the same run", async (context) => {
    const { stage, proxy, driver, victim, guresid, request } = await arrange(context);
    expect((await driver.provision(guresid, request)).status).toBe(200);
    const trap = holdBefore(proxy, isRequest);
    await killAt(trap, victim, () => victim.driver.delete(guresid));
    expect((await driver.destroy(guresid)).status).toBe(204);
    await waitUntilIdle(stage);
    const executions = await listExecutions(stage.witness);
    expect(new Set(executions).size).toBe(2);
    expect(executions).toHaveLength(2);
  });
});

describe("a front door that is slow between its writes", { timeout }, () => {
  const writes: readonly (readonly [string, Said])[] = [
    ["its record", isRecord],
    ["the `requested` event", isEvent("requested")],
    ["the request", isRequest],
  ];
  test.for(writes)("and stores %s when the run is over, starts no second one", async ([, said], context) => {
    const { stage, proxy, driver, victim: slow, guresid, request } = await arrange(context);
    const held = holdBefore(proxy, said);
    const pending = slow.driver.put(guresid, request);
    await settleWithin("the front door gets there", held.caught, 20);
    slow.pause();
    const answer = await driver.provision(guresid, request);
    expect(readValues(answer)).toEqual({ label: "run" });
    await waitUntilIdle(stage);
    held.release();
    slow.resume();
    // Its own write took too long, or was refused as another one had been faster.
    expect([200, 202, 503]).toContain((await pending).status);
    expect(readValues(await slow.driver.provision(guresid, request))).toEqual({ label: "run" });
    await waitUntilIdle(stage);
    expect(await listExecutions(stage.witness)).toEqual([readRunId(answer)]);
    await expectRunOnce(stage, readRunId(answer), { label: "run" });
  });
});
