/** The broker's own accounts and each cluster's, as files and on the running broker. */
import type { NatsConnection } from "@nats-io/nats-core";
import { createLogger } from "../adapters/node/logger.ts";
import { connectNats } from "../adapters/node/nats-connection.ts";
import {
  buildClusterAccount,
  buildDeletion,
  buildHubAccount,
  buildOperator,
  buildSystemAccount,
  generateSeed,
  getPublicKey,
  type AccountKeys,
} from "../src/bus/nats/access/accounts.ts";
import { frontDoorPermissions } from "../src/bus/nats/access/front-door.ts";
import { deleteAccount, pushAccount } from "../src/bus/nats/access/push.ts";
import { isSameClaim } from "../src/bus/nats/access/same-claim.ts";
import { buildAccountsConf } from "./broker-conf.ts";
import {
  ClusterAccountFile,
  getBrokerPaths,
  readBroker,
  readJson,
  writeJson,
  writePrivate,
  type AccountFile,
  type BrokerFile,
  type Step,
} from "./broker-files.ts";

/** Where the broker is, and where its keys are. */
export interface BrokerAddress {
  readonly directory: string;
  readonly url: string;
}

export function createAccount(): AccountFile {
  return { seed: generateSeed("account"), jwt: "", users: {}, revocations: {} };
}

export function createBroker(): BrokerFile {
  const operator = { seed: generateSeed("operator"), jwt: "" };
  return { v: 1, operator, system: createAccount(), hub: createAccount() };
}

/** Signs what has changed in the broker's own accounts, and writes it down. */
export async function saveBroker(directory: string, broker: BrokerFile): Promise<Step[]> {
  const paths = getBrokerPaths(directory);
  const { operator, system, hub } = broker;
  const signed = {
    ...broker,
    operator: { ...operator, jwt: await keep(operator.jwt, buildOperator(operator.seed, getPublicKey(system.seed))) },
    system: { ...system, jwt: await keep(system.jwt, buildSystemAccount(toKeys(system, operator.seed))) },
    hub: { ...hub, jwt: await keep(hub.jwt, buildHubAccount(toKeys(hub, operator.seed), frontDoorPermissions)) },
  };
  return [
    await writeJson(paths.broker, signed),
    await writePrivate(paths.accountsConf, buildAccountsConf(signed, paths)),
  ];
}

/** Signs a cluster's account if that has changed, and writes it down. */
export async function saveClusterAccount(directory: string, cluster: string, account: AccountFile): Promise<Step> {
  const { operator, hub } = await readBroker(directory);
  const built = buildClusterAccount(cluster, toKeys(account, operator.seed), hub.seed);
  const signed = { ...account, jwt: await keep(account.jwt, built) };
  return writeJson(getBrokerPaths(directory).clusterAccount(cluster), { v: 1, account: signed });
}

/** A cluster's account; undefined where there is none. */
export async function readClusterAccount(directory: string, cluster: string): Promise<AccountFile | undefined> {
  const file = await readJson(getBrokerPaths(directory).clusterAccount(cluster), ClusterAccountFile);
  return file?.account;
}

/** Makes sure that the running broker has the hub's account and the cluster's as they are on disk. */
export async function pushAccounts(address: BrokerAddress, cluster?: string): Promise<Step[]> {
  const own = cluster === undefined ? undefined : await readClusterAccount(address.directory, cluster);
  return pushBeside(address, own === undefined ? {} : { [cluster ?? ""]: own });
}

/** Makes sure that the running broker has its own accounts as they are on disk, and others by their names. */
export function pushBeside(
  address: BrokerAddress,
  others: Readonly<Record<string, Pick<AccountFile, "seed" | "jwt">>>,
): Promise<Step[]> {
  return withSystem(address, async (system) => {
    const broker = await readBroker(address.directory);
    const steps: Step[] = [];
    for (const [name, { seed, jwt }] of Object.entries({ SYS: broker.system, HUB: broker.hub, ...others }))
      steps.push({
        what: `account ${name} on the broker`,
        outcome: await pushAccount(system, getPublicKey(seed), jwt),
      });
    return steps;
  });
}

/** Makes the running broker forget an account: whoever uses it is disconnected and can't come back. */
export function forgetAccount(address: BrokerAddress, account: AccountFile): Promise<void> {
  return withSystem(address, async (system) => {
    const { operator } = await readBroker(address.directory);
    await deleteAccount(system, await buildDeletion(operator.seed, getPublicKey(account.seed)));
  });
}

function withSystem<T>({ directory, url }: BrokerAddress, work: (system: NatsConnection) => Promise<T>): Promise<T> {
  return withConnection({ url, credentialsFile: getBrokerPaths(directory).credentials("system") }, work);
}

/** Connects, works and closes. A broker that can't be reached is an error after 2 seconds. */
export async function withConnection<T>(
  { url, credentialsFile }: { url: string; credentialsFile: string | undefined },
  work: (connection: NatsConnection) => Promise<T>,
): Promise<T> {
  const logger = createLogger("error");
  const connection = await connectNats({ url, credentialsFile, name: "operator", logger, patienceMilliseconds: 2000 });
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}

export function toKeys({ seed, revocations }: AccountFile, operator: string): AccountKeys {
  return { seed, revocations, operator };
}

/** The JWT that there is, if the new one says the same: JWTs carry the time at which they were made. */
export async function keep(known: string, built: Promise<string>): Promise<string> {
  const jwt = await built;
  return isSameClaim(known, jwt) ? known : jwt;
}
