/**
 * Messages that nobody should have sent: by somebody who may publish to the cluster's queue, but is not our front door.
 * Each is refused with an event, nothing is run, and what comes behind it is carried out.
 */
import { describe, expect, test } from "vitest";
import type { RunAddress } from "../../src/contract/names.ts";
import { generateClusterKeys, generateFrontDoorKeys, getClusterPublicJwk } from "../../src/sealing/key-files.ts";
import { createGuresid, readMessage, readValues } from "../support/driver-client.ts";
import { readRunId } from "../support/story.ts";
import { waitUntil } from "../support/wait-until.ts";
import { buildCountedRequest, listExecutions } from "./counted-run.ts";
import {
  createAddress,
  forgeRequest,
  importKeys,
  publishRequest,
  readKeys,
  readRequest,
  removeRequest,
  type Keys,
} from "./forged-request.ts";
import { countPending, expectRunOnce, readAllEvents, waitUntilIdle } from "./run-story.ts";
import { cluster, openStage, timeout, type Stage } from "./stage.ts";

interface Forger {
  readonly stage: Stage;
  /** What our own programs use. */
  readonly keys: Keys;
  /** Made up. */
  readonly others: Keys;
  readonly address: RunAddress;
}

const day = 24 * 3600 * 1000;

/** What is on the queue, and the reason for which it is refused. */
const forgeries: readonly (readonly [string, (forger: Forger) => Promise<Uint8Array | object>, RegExp])[] = [
  ["nothing", async () => new Uint8Array(), /Cannot read the request/],
  ["bytes that aren't text", async () => Uint8Array.of(0xff, 0, 0xfe), /not UTF-8/],
  ["JSON that is no request", async () => ({ v: 1, order: 5 }), /order is a number/],
  ["JSON of a hundred thousand levels", async () => Buffer.from("[".repeat(100_000)), /Cannot read the request/],
  ["a request that isn't sealed", async () => ({ v: 1, order: "e30", inputs: "e30" }), /Cannot open the order/],
  [
    "a request signed by a front door that isn't ours",
    ({ stage, keys, others, address }) => forgeRequest(stage, { ...keys, frontDoor: others.frontDoor }, address),
    /signed by a front door that this agent doesn't trust/,
  ],
  [
    "a request sealed to another cluster",
    ({ stage, keys, others, address }) => forgeRequest(stage, { ...keys, clusterKey: others.clusterKey }, address),
    /sealed to a key that this agent doesn't have/,
  ],
  [
    "another run's request",
    ({ stage, keys }) => forgeRequest(stage, keys, createAddress()),
    /it is for run \w+ in cluster local, and came as run/,
  ],
  [
    "an order for another cluster",
    ({ stage, keys, address }) => forgeRequest(stage, keys, { ...address, cluster: "elsewhere" }),
    /it is for run \w+ in cluster elsewhere/,
  ],
  [
    "an order with another one's inputs",
    async ({ stage, keys, address }) => {
      const { inputs } = await forgeRequest(stage, keys, createAddress());
      return { ...(await forgeRequest(stage, keys, address)), inputs };
    },
    /Cannot open the inputs: they are not those that the order names/,
  ],
  [
    "a request that somebody has kept for fifteen days",
    ({ stage, keys, address }) =>
      forgeRequest(stage, keys, { ...address, requestedAt: new Date(Date.now() - 15 * day).toISOString() }),
    /it is 15 days old, the limit is 14 days old/,
  ],
];

describe("the queue", { timeout }, () => {
  test("refuses what is forged with an event each, runs nothing of it, and moves on", async (context) => {
    const stage = await openStage(context);
    const driver = await stage.openFrontDoor();
    const keys = await readKeys(stage);
    const others = await importKeys(await generateFrontDoorKeys(), getClusterPublicJwk(await generateClusterKeys()));
    const addresses = forgeries.map(() => createAddress());
    for (const [i, [, forge]] of forgeries.entries()) {
      const address = addresses[i] ?? expect.unreachable();
      await publishRequest(stage, address, await forge({ stage, keys, others, address }));
    }
    await stage.connection.request(`cd.v1.requests.${cluster}.no-run`, "hello", { timeout: 5000 });
    const guresid = createGuresid();
    const request = buildCountedRequest({ witness: stage.witness, label: "run" });
    const placed = await driver.put(guresid, request);

    const agent = await stage.startAgent();
    expect(readValues(await driver.provision(guresid, request))).toEqual({ label: "run" });
    await waitUntilIdle(stage);
    expect(await listExecutions(stage.witness)).toEqual([readRunId(placed)]);
    for (const [i, [name, , reason]] of forgeries.entries()) {
      const events = await readAllEvents(stage, addresses[i]?.runId ?? "");
      expect(
        events.map(({ data }) => data.phase),
        name,
      ).toEqual(["failed"]);
      expect(events[0]?.data.failure?.reason, name).toBe("invalid-request");
      expect(events[0]?.data.failure?.message, name).toMatch(reason);
    }
    expect(agent.countLogged("Refused a request")).toBe(forgeries.length);
    expect(agent.output()).toContain(`cd.v1.requests.${cluster}.no-run is no run's subject`);
  });

  test("with something else in a request's place ends the run, and the same request starts another one", async (context) => {
    const stage = await openStage(context);
    const driver = await stage.openFrontDoor();
    const guresid = createGuresid();
    const request = buildCountedRequest({ witness: stage.witness, label: "run" });
    const address = { cluster, runId: readRunId(await driver.put(guresid, request)) };
    await removeRequest(stage, address);
    await publishRequest(stage, address, Buffer.from("nonsense"));
    await stage.startAgent();
    const failed = await driver.provision(guresid, request);
    // Without the order there is no run key that the refusal could be sealed with.
    expect(readMessage(failed)).toMatch(/Cannot trust the run's reported end/);
    expect(await listExecutions(stage.witness)).toEqual([]);
    const answer = await driver.provision(guresid, request);
    expect(readValues(answer)).toEqual({ label: "run" });
    await waitUntilIdle(stage);
    expect(await listExecutions(stage.witness)).toEqual([readRunId(answer)]);
  });
});

describe("a run that goes on", { timeout }, () => {
  test("isn't disturbed by what is forged in its name", async (context) => {
    const stage = await openStage(context);
    const [driver, one, other] = await Promise.all([stage.openFrontDoor(), stage.startAgent(), stage.startAgent()]);
    const guresid = createGuresid();
    const request = buildCountedRequest({ witness: stage.witness, label: "run", waits: true });
    const address = { cluster, runId: readRunId(await driver.put(guresid, request)) };
    await stage.witness.await("run.here");
    await publishRequest(stage, address, Buffer.from("nonsense"));
    await publishRequest(stage, address, { v: 1, order: "e30", inputs: "e30" });
    await stage.witness.write("run.go");
    expect(readValues(await driver.provision(guresid, request))).toEqual({ label: "run" });
    await waitUntilIdle(stage);
    await expectRunOnce(stage, address.runId, { label: "run" });
    expect(one.countLogged("Refused a request") + other.countLogged("Refused a request")).toBe(2);
  });

  test("is executed once though its own request is sent again, during it and after it", async (context) => {
    const stage = await openStage(context);
    const driver = await stage.openFrontDoor();
    const guresid = createGuresid();
    const request = buildCountedRequest({ witness: stage.witness, label: "run", waits: true });
    const address = { cluster, runId: readRunId(await driver.put(guresid, request)) };
    const genuine = await readRequest(stage, address);
    await Promise.all([stage.startAgent(), stage.startAgent()]);
    await stage.witness.await("run.here");
    for (let n = 0; n < 3; n++) await publishRequest(stage, address, genuine);
    await waitUntil("all of them are delivered", async () => (await countPending(stage)) === 4);
    await stage.witness.write("run.go");
    expect(readValues(await driver.provision(guresid, request))).toEqual({ label: "run" });
    await waitUntilIdle(stage);
    await expectRunOnce(stage, address.runId, { label: "run" });

    const before = await readAllEvents(stage, address.runId);
    for (let n = 0; n < 3; n++) await publishRequest(stage, address, genuine);
    await waitUntilIdle(stage);
    expect(await readAllEvents(stage, address.runId)).toEqual(before);
    expect(await listExecutions(stage.witness)).toEqual([address.runId]);
  });
});
