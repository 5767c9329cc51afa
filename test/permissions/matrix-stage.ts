/** Two clusters with something in each of their streams, and ears everywhere that should hear nothing. */
import type { NatsConnection } from "@nats-io/nats-core";
import type { NatsServerVersion } from "../../scripts/nats-server.ts";
import { mine, recordKey, runIds, theirs, webhooksKey } from "./attempts.ts";
import { openStateReader, type BrokerState } from "./broker-state.ts";
import { openBrokerStage, type BrokerStage } from "./broker-stage.ts";

/** In everything that `mine` must never see. */
export const canary = "CANARY-5a1e";

export interface MatrixStage {
  readonly broker: BrokerStage;
  readonly frontDoor: NatsConnection;
  /** The other cluster's agent. */
  readonly other: NatsConnection;
  /** A kind of attempt that this server's version allows to whoever is allowed its subject: CVE-2025-30215. */
  readonly brokenVerb: string | undefined;
  /** Acknowledges the request that the other cluster's agent holds. */
  readonly lease: string;
  readState(): Promise<BrokerState>;
  /** Subjects of what was published in the hub, and in the other cluster's account, since the last call. */
  takeHeard(): Promise<{ hub: string[]; other: string[] }>;
}

export async function openMatrixStage(version: NatsServerVersion): Promise<MatrixStage> {
  const broker = await openBrokerStage(version);
  // Nothing may change by itself while it is looked at.
  const choices = { ackWaitSeconds: 3600, announcementSeconds: 3600 };
  for (const cluster of [mine, theirs]) await broker.addCluster(cluster, choices);
  const frontDoor = await broker.connectAs("front-door");
  const leases = new Map<string, string>();
  for (const cluster of [mine, theirs]) leases.set(cluster, await fillCluster(broker, frontDoor, cluster));
  await frontDoor.request(`$KV.resources.${recordKey}`, canary);
  await frontDoor.request(`$KV.webhooks.${webhooksKey}`, "our own");

  const [hub, otherAccount] = [
    await broker.connectAs("provision"),
    await broker.connectWith(await broker.createUnboundUser({ cluster: theirs })),
  ];
  const heard = { hub: listenToAll(hub), other: listenToAll(otherAccount) };
  await Promise.all([hub.flush(), otherAccount.flush()]);
  return {
    broker,
    frontDoor,
    other: await broker.connectAs({ cluster: theirs }),
    brokenVerb: version === "2.9" ? "JetStream ACCOUNT.PURGE" : undefined,
    lease: leases.get(theirs) ?? "",
    readState: await openStateReader(await broker.connectAs("provision")),
    async takeHeard() {
      await Promise.all([hub.flush(), otherAccount.flush()]);
      return { hub: heard.hub.splice(0), other: heard.other.splice(0) };
    },
  };
}

/** A held request, a queued one, events, logs and an announcement. Answers with the subject that acknowledges the held one. */
async function fillCluster(broker: BrokerStage, frontDoor: NatsConnection, cluster: string): Promise<string> {
  const agent = await broker.connectAs({ cluster });
  const text = cluster === mine ? "our own" : canary;
  await frontDoor.request(`cd.v1.requests.${cluster}.${runIds.leased}`, text);
  const pull = `HUB.API.CONSUMER.MSG.NEXT.requests-${cluster}.${cluster}`;
  const { reply } = await agent.request(pull, JSON.stringify({ batch: 1, expires: 5e9 }), {
    timeout: 5000,
    noMux: true,
  });
  await frontDoor.request(`cd.v1.requests.${cluster}.${runIds.queued}`, text);
  for (const runId of Object.values(runIds)) {
    await agent.request(`cd.v1.events.${cluster}.${runId}`, text);
    await agent.request(`cd.v1.logs.${cluster}.${runId}`, text);
    await frontDoor.request(`cd.v1.controls.${cluster}.${runId}`, text);
  }
  await agent.request(`cd.v1.agents.${cluster}.replica`, text);
  await agent.close();
  return reply ?? "";
}

function listenToAll(connection: NatsConnection): string[] {
  const subjects: string[] = [];
  connection.subscribe(">", {
    callback: (_, message) => {
      subjects.push(message.subject);
    },
  });
  return subjects;
}
