/** A real server with accounts as `broker:init` and `cluster:add` make them, and connections with each one's credentials. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { jetstreamManager } from "@nats-io/jetstream";
import { credsAuthenticator } from "@nats-io/nats-core";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import {
  createAccount,
  createBroker,
  pushAccounts,
  readClusterAccount,
  saveBroker,
  saveClusterAccount,
} from "../../scripts/broker-accounts.ts";
import { getBrokerPaths, type AccountFile } from "../../scripts/broker-files.ts";
import { brokerUsers, renewAgent, renewBrokerUser } from "../../scripts/broker-users.ts";
import { getClusterPaths } from "../../scripts/cluster-files.ts";
import type { NatsServerVersion } from "../../scripts/nats-server.ts";
import { getTeamCredentials, pushTeam, readTeam, renewTeam, saveTeam } from "../../scripts/team-account.ts";
import { createUserCredentials } from "../../src/bus/nats/access/accounts.ts";
import type { TeamAccess } from "../../src/bus/nats/access/grants.ts";
import { provision, provisionCluster } from "../../src/bus/nats/provision.ts";
import {
  buildConsumerName,
  buildStreamName,
  describeClusterStreams,
  type ClusterChoices,
} from "../../src/contract/streams.ts";
import { startNatsServer, type NatsServer } from "../nats/server.ts";

/** Who is in an account that the hub shares something with. */
export type Guest = { readonly cluster: string } | { readonly team: string };
/** Who connects: one of the broker's own users, the agent of a cluster, or a team. */
export type Who = "system" | "provision" | "front-door" | Guest;

export interface BrokerStage {
  readonly server: NatsServer;
  /** Where keys and credentials are. */
  readonly directory: string;
  /** A new connection with these credentials; closed with the stage at the latest. */
  connectAs(who: Who): Promise<NatsConnection>;
  /** A new connection with the text of a credentials file. */
  connectWith(credentials: string): Promise<NatsConnection>;
  /** Makes a cluster's account, credentials and streams. */
  addCluster(cluster: string, choices?: ClusterChoices): Promise<void>;
  /** Empties a cluster's streams, and makes the choices anew. */
  resetCluster(cluster: string, choices: ClusterChoices): Promise<void>;
  /** Makes a team's account and credentials, or changes what it may read. */
  addTeam(team: string, access: TeamAccess): Promise<void>;
  /** Credentials of a user in a guest's account to whom that account forbids nothing; nobody has such. */
  createUnboundUser(guest: Guest): Promise<string>;
  close(): Promise<void>;
}

export async function openBrokerStage(version: NatsServerVersion): Promise<BrokerStage> {
  const directory = await mkdtemp(path.join(tmpdir(), "broker-"));
  const paths = getBrokerPaths(directory);
  await saveBroker(directory, createBroker());
  for (const user of brokerUsers) await renewBrokerUser(directory, user);
  const server = await startNatsServer({ version, config: await readFile(paths.accountsConf, "utf8") });
  const connections: NatsConnection[] = [];

  async function connectWith(credentials: string): Promise<NatsConnection> {
    const authenticator = credsAuthenticator(new TextEncoder().encode(credentials));
    const options = { servers: server.url, authenticator, maxReconnectAttempts: -1, reconnectTimeWait: 50 };
    const connection = await connect(options);
    connections.push(connection);
    return connection;
  }

  async function connectAs(who: Who): Promise<NatsConnection> {
    return connectWith(await readFile(findCredentials(who), "utf8"));
  }

  function findCredentials(who: Who): string {
    if (typeof who === "string") return paths.credentials(who);
    return "team" in who
      ? getTeamCredentials(directory, who.team)
      : getClusterPaths(directory, who.cluster).credentials;
  }

  async function readAccount(guest: Guest): Promise<AccountFile | undefined> {
    if ("team" in guest) return (await readTeam(directory, guest.team))?.account;
    return readClusterAccount(directory, guest.cluster);
  }

  const hub = await connectAs("provision");
  await provision(hub);

  return {
    server,
    directory,
    connectAs,
    connectWith,
    async addCluster(cluster, choices) {
      await saveClusterAccount(directory, cluster, createAccount());
      await renewAgent(directory, cluster);
      await pushAccounts({ directory, url: server.url }, cluster);
      await provisionCluster(hub, cluster, choices);
    },
    async resetCluster(cluster, choices) {
      const manager = await jetstreamManager(hub);
      // With it goes what is leased, and who still waits.
      await manager.consumers.delete(buildStreamName("requests", cluster), buildConsumerName(cluster));
      for (const { name } of describeClusterStreams(cluster, {})) await manager.streams.purge(name);
      await provisionCluster(hub, cluster, choices);
    },
    async addTeam(team, access) {
      const known = await readTeam(directory, team);
      await saveTeam(directory, team, { account: known?.account ?? createAccount(), access });
      if (known === undefined) await renewTeam(directory, team);
      await pushTeam({ directory, url: server.url }, team);
    },
    async createUnboundUser(guest) {
      const account = await readAccount(guest);
      if (account === undefined) throw new Error(`Cannot find the account of ${JSON.stringify(guest)}`);
      const everything = { pub: { allow: [">"] }, sub: { allow: [">"] } };
      return (await createUserCredentials("unbound", account.seed, everything)).credentials;
    },
    async close() {
      await Promise.all(connections.map((connection) => connection.close()));
      await server.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
