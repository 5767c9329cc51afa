/**
 * What the bus does, it also does for those whose credentials allow no more than they need: the behaviour suite, with each
 * call made by who makes it in production.
 */
import { afterAll, describe } from "vitest";
import { natsServerVersions } from "../../scripts/nats-server.ts";
import { hubApiPrefix } from "../../src/bus/nats/access/grants.ts";
import { createNatsBus } from "../../src/bus/nats/nats-bus.ts";
import type { Bus, Journal } from "../../src/bus/port.ts";
import type { RunAddress } from "../../src/contract/names.ts";
import { describeBus } from "../bus/describe-bus.ts";
import { describeJournal } from "../bus/journal-suite.ts";
import { createPlay, type Stage, type StageOptions } from "../bus/stage.ts";
import { openBrokerStage, type BrokerStage } from "./broker-stage.ts";

/** The same two for all tests: making accounts takes long. What one test leaves is cleared away before the next. */
const clusters = ["one", "other"] as const;

const stages = new Map<string, BrokerStage>();
for (const version of natsServerVersions) {
  const stage = await openBrokerStage(version);
  for (const cluster of clusters) await stage.addCluster(cluster);
  stages.set(version, stage);
}

afterAll(async () => {
  for (const stage of stages.values()) await stage.close();
});

for (const [version, stage] of stages) {
  describeBus(`the bus of agents and front door, each with its credentials, over NATS ${version}`, (options) =>
    openStage(stage, options, joinForAgents),
  );
  describe(`the front door with its credentials over NATS ${version}`, () => {
    describeJournal(
      createPlay((options) => openStage(stage, options, (frontDoor) => frontDoor)),
      "events",
    );
  });
}

type Join = (frontDoor: Bus, agents: ReadonlyMap<string, Bus>) => Bus;

async function openStage(broker: BrokerStage, options: StageOptions = {}, join: Join): Promise<Stage> {
  const { leaseMilliseconds = 30_000, logBytes = 16 * 1024 ** 2 } = options;
  for (const cluster of clusters)
    await broker.resetCluster(cluster, { ackWaitSeconds: leaseMilliseconds / 1000, logBytes });
  const openFrontDoor = async () =>
    createNatsBus({ connection: await broker.connectAs("front-door"), ownsConnection: true });
  const openAgent = async (cluster: string) =>
    createNatsBus({
      connection: await broker.connectAs({ cluster }),
      ownsConnection: true,
      apiPrefix: hubApiPrefix,
    });
  const opened: Bus[] = [];
  const openJoined = async () => {
    const agents = await Promise.all(clusters.map(async (cluster) => [cluster, await openAgent(cluster)] as const));
    const frontDoor = await openFrontDoor();
    const joined = join(frontDoor, new Map(agents));
    opened.push(frontDoor, ...agents.map(([, agent]) => agent));
    return joined;
  };
  const [bus, other] = [await openJoined(), await openJoined()];
  return {
    bus,
    other,
    cluster: clusters[0],
    otherCluster: clusters[1],
    async close() {
      await Promise.all(opened.map((each) => each.close()));
    },
  };
}

/** Agents take, append, and read the last entry and all of a run's; the front door does the rest. */
function joinForAgents(frontDoor: Bus, agents: ReadonlyMap<string, Bus>): Bus {
  // An address that is no cluster's is refused before anything is sent, whoever is asked.
  const agentOf = (cluster: string) => agents.get(cluster) ?? frontDoor;
  const joinJournal = (pick: (bus: Bus) => Journal): Journal => ({
    append: (address, data, options) => pick(agentOf(address.cluster)).append(address, data, options),
    last: (address: RunAddress) => pick(agentOf(address.cluster)).last(address),
    read: (address) => pick(agentOf(address.cluster)).read(address),
    follow: (address, options) => pick(frontDoor).follow(address, options),
  });
  return {
    records: frontDoor.records,
    requests: {
      place: (address, data) => frontDoor.requests.place(address, data),
      take: (cluster, options) => agentOf(cluster).requests.take(cluster, options),
    },
    agents: {
      announce: (address, data) => agentOf(address.cluster).agents.announce(address, data),
      list: (cluster) => frontDoor.agents.list(cluster),
    },
    // Front doors ask, agents listen.
    controls: {
      append: (address, data, options) => frontDoor.controls.append(address, data, options),
      last: (address) => agentOf(address.cluster).controls.last(address),
      read: (address) => agentOf(address.cluster).controls.read(address),
      follow: (address, options) => agentOf(address.cluster).controls.follow(address, options),
    },
    events: {
      ...joinJournal((bus) => bus.events),
      page: (cluster, options) => frontDoor.events.page(cluster, options),
      locate: (cluster, time) => frontDoor.events.locate(cluster, time),
      followAll: (cluster, options) => frontDoor.events.followAll(cluster, options),
    },
    logs: joinJournal((bus) => bus.logs),
    async close() {
      await Promise.all([frontDoor, ...agents.values()].map((bus) => bus.close()));
    },
  };
}
