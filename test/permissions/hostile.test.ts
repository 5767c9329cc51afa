/**
 * What somebody stores who has one cluster's credentials and means harm, and who reads it: the front door goes on, and
 * tells of other clusters what is true.
 */
import type { NatsConnection } from "@nats-io/nats-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { natsServerVersions } from "../../scripts/nats-server.ts";
import { buildBody } from "../../src/app.fixture.ts";
import { hubApiPrefix } from "../../src/bus/nats/access/grants.ts";
import { createNatsBus } from "../../src/bus/nats/nats-bus.ts";
import type { Bus } from "../../src/bus/port.ts";
import { encodeMessage } from "../../src/contract/decode.ts";
import { buildRunEvent, type Phase } from "../../src/contract/events.ts";
import { createClusterDirectory } from "../../src/driver/cluster-directory.ts";
import { createParties } from "../../src/sealing/sealing.fixture.ts";
import { appendAll, createAddress, createRunId, range, readTexts, toText } from "../bus/stage.ts";
import { hostileMessages, storeHostile } from "../nats/hostile-message.ts";
import { openStage, readPieces, sse } from "../runs/stage.ts";
import { openBrokerStage, type BrokerStage } from "./broker-stage.ts";

const guresid = "3f786850e387550fdab836ed7e6dc881de23001b";
const resource = (name: string) => ({ path: `/drivers/container/${name}` });

describe.each(natsServerVersions)("with nats-server %s", (version) => {
  let broker: BrokerStage;
  let evil: NatsConnection;
  let bus: Bus;
  let stage: Awaited<ReturnType<typeof openStage>>;

  beforeAll(async () => {
    broker = await openBrokerStage(version);
    for (const cluster of ["evil", "prod"]) await broker.addCluster(cluster);
    evil = await broker.connectAs({ cluster: "evil" });
    bus = createNatsBus({ connection: await broker.connectAs("front-door"), ownsConnection: true });
    const parties = await createParties();
    const list = ["evil", "prod"].map((name) => ({ name, key: parties.clusterKey }));
    stage = await openStage({ bus, parties, clusters: createClusterDirectory({ clusters: list }) });
  });
  afterAll(async () => {
    await bus.close();
    await broker.close();
  });

  const put = (cluster: string) => stage.put(buildBody({}, { cluster }), resource(createRunId()));

  test("every message is read as what it is, live and later, and nobody else's reading suffers", async () => {
    const end = AbortSignal.timeout(60_000);
    const live = readEvents(bus.events.followAll("evil", { after: 0, signal: end }), hostileMessages.length);
    const prods = readTexts(bus.events.followAll("prod", { after: 0, signal: end }), 2);
    const stored: Told[] = [];
    for (const message of hostileMessages) {
      const run = createAddress("evil");
      const one = readTexts(bus.events.follow(run, { after: 0, signal: end }), 1);
      const sequence = await storeHostile(evil, `cd.v1.events.evil.${run.runId}`, message);
      stored.push({ ...run, sequence, text: message.body ?? "{}" });
      expect(await one, message.does).toEqual([message.body ?? "{}"]);
      expect(await bus.events.last(run), message.does).toMatchObject({ sequence });
      expect(await bus.events.read(run), message.does).toMatchObject([{ sequence }]);
      expect((await bus.events.page("prod", { count: 10 })).entries, message.does).toEqual([]);
    }
    expect(await live).toEqual(stored);
    const later = bus.events.followAll("evil", { after: 0, signal: end });
    expect(await readEvents(later, stored.length)).toEqual(stored);
    const { entries } = await bus.events.page("evil", { count: 1000 });
    expect(entries.map(toTold)).toEqual(stored.toReversed());
    const lastSequence = stored.at(-1)?.sequence;
    expect(await bus.events.locate("evil", new Date(Date.now() + 3_600_000))).toBe(lastSequence);
    expect(await bus.events.locate("evil", new Date(0))).toBe(0);
    await appendAll(bus.events, createAddress("prod"), ["one", "two"]);
    expect(await prods).toEqual(["one", "two"]);
  });

  test("an agent of that cluster goes on as well", async () => {
    const agent = createNatsBus({
      connection: await broker.connectAs({ cluster: "evil" }),
      ownsConnection: true,
      apiPrefix: hubApiPrefix,
    });
    for (const message of hostileMessages) {
      const run = createAddress("evil");
      const sequence = await storeHostile(evil, `cd.v1.logs.evil.${run.runId}`, message);
      expect(await agent.logs.last(run), message.does).toMatchObject({ sequence });
      expect(await agent.logs.read(run), message.does).toHaveLength(1);
      const options = { id: "next", after: sequence };
      expect(await agent.logs.append(run, new Uint8Array([1]), options), message.does).toMatchObject({
        kind: "appended",
      });
    }
    await agent.close();
  });

  test("a run of another cluster can't be made up, nor its story be told differently", async () => {
    const { runId = "" } = await put("prod");
    const heard = readPieces(await stage.open("/events?follow=true&since=2020-01-01T00:00:00Z", sse));
    const ask = () =>
      Promise.all(
        ["/runs", `/runs/${runId}`, `/runs/${runId}/events`, "/events?since=2020-01-01T00:00:00Z"].map(async (path) => {
          const response = await stage.open(path);
          // How far the other cluster was read changes.
          return [path, response.status, (await response.text()).replaceAll(/evil:\d+/g, "evil:n")];
        }),
      );
    const before = await ask();
    expect(before.map(([, status]) => status)).toEqual([200, 200, 200, 200]);
    const forged = [runId, createRunId()];
    for (const run of forged)
      for (const phase of ["requested", "failed"] as const)
        await storeHostile(evil, `cd.v1.events.evil.${createRunId()}`, {
          head: `NATS/1.0\r\nNats-Subject: cd.v1.events.prod.${run}\r\nNats-Last-Sequence: 1\r\n\r\n`,
          body: toText(encodeMessage(buildEvent(run, phase))),
        });
    expect(await ask()).toEqual(before);
    const { runId: next = "" } = await put("prod");
    const told = await heard.until((text) => text.includes(next));
    expect(told).toContain(runId);
    expect(told).not.toContain(forged[1]);
    expect(told).not.toContain("made up");
    await heard.leave();
  });

  test("announcements don't keep anybody from an answer", async () => {
    const about = { v: 1, cluster: "evil", version: "1", launcher: "local", capacity: 1, time: "2027-01-15T08:00:00Z" };
    for (const [i, { head }] of hostileMessages.filter(({ head }) => head.length < 1000).entries()) {
      const body = toText(encodeMessage({ ...about, agent: `a-${i}` }));
      await storeHostile(evil, `cd.v1.agents.evil.a-${i}`, { head, body });
    }
    const { status, body } = await stage.json("/clusters");
    expect([status, body.clusters[1]]).toEqual([200, { name: "prod", agents: [], waiting: true }]);
    expect(body.clusters[0].agents.map(({ name }: { name: string }) => name)).toContain("a-1");
    for (const cluster of ["evil", "prod"]) expect((await put(cluster)).status).toBe(202);
  });

  test("announcements are few and small, however many somebody makes", async () => {
    await expect(storeHostile(evil, "cd.v1.agents.evil.large", { head: "", body: "x".repeat(5000) })).rejects.toThrow(
      "message size exceeds maximum allowed",
    );
    for (const i of range(12))
      await Promise.all(range(100).map((j) => evil.request(`cd.v1.agents.evil.b-${i * 100 + j}`, "{}")));
    expect(await bus.agents.list("evil")).toHaveLength(1000);
    expect((await stage.json("/clusters")).body.clusters[1]).toEqual({ name: "prod", agents: [], waiting: true });
    expect((await put("evil")).status).toBe(202);
  });
});

interface Told {
  readonly cluster: string;
  readonly runId: string;
  readonly sequence: number;
  readonly text: string;
}

function toTold({ address, sequence, data }: Awaited<ReturnType<Bus["events"]["page"]>>["entries"][number]): Told {
  return { ...address, sequence, text: toText(data) };
}

async function readEvents(entries: ReturnType<Bus["events"]["followAll"]>, count: number): Promise<Told[]> {
  const told: Told[] = [];
  for await (const entry of entries) if (told.push(toTold(entry)) === count) break;
  return told;
}

function buildEvent(runId: string, phase: Phase) {
  const about = { driver: "container", guresid, type: "s3", action: "create" } as const;
  const failure = phase === "failed" ? { failure: { reason: "exit-code" as const, message: "made up" } } : {};
  const data = { runId, cluster: "prod", ...about, phase, ...failure };
  const time = new Date("2027-01-15T08:00:01Z");
  return buildRunEvent(phase, data, { id: `${runId}.${phase}`, source: "/front-door", time });
}
