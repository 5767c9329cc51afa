/**
 * Users and their credentials: of the broker's own accounts, and a cluster's agent. Renewing and revoking are two steps, as
 * new credentials have to be where they are used before the old ones end.
 */
import { provisionPermissions } from "../src/bus/nats/access/front-door.ts";
import { createUserCredentials } from "../src/bus/nats/access/accounts.ts";
import { readClusterAccount, saveBroker, saveClusterAccount } from "./broker-accounts.ts";
import { getBrokerPaths, readBroker, writePrivate, type AccountFile, type Step } from "./broker-files.ts";
import { getClusterPaths } from "./cluster-files.ts";

/** Users of the broker's own accounts. Those without permissions have those of their account. */
export const brokerUsers = [
  { name: "system", account: "system" },
  { name: "provision", account: "hub", permissions: provisionPermissions },
  { name: "front-door", account: "hub" },
] as const;
export type BrokerUser = (typeof brokerUsers)[number];

/** New credentials for a user of the broker's own accounts. The older ones stay valid until they are revoked. */
export async function renewBrokerUser(directory: string, user: BrokerUser): Promise<Step> {
  const broker = await readBroker(directory);
  const account = broker[user.account];
  const permissions = "permissions" in user ? user.permissions : {};
  const { key, credentials } = await createUserCredentials(user.name, account.seed, permissions);
  // First the list, so that there are no credentials that can't be revoked.
  await saveBroker(directory, { ...broker, [user.account]: withUser(account, user.name, key) });
  return writePrivate(getBrokerPaths(directory).credentials(user.name), credentials);
}

/** New credentials for a cluster's agent. The older ones stay valid until they are revoked. */
export async function renewAgent(directory: string, cluster: string): Promise<Step> {
  const account = await demandClusterAccount(directory, cluster);
  const { key, credentials } = await createUserCredentials("agent", account.seed);
  await saveClusterAccount(directory, cluster, withUser(account, "agent", key));
  return writePrivate(getClusterPaths(directory, cluster).credentials, credentials);
}

/** Voids all credentials of a user but the newest; the broker has to be told. */
export async function revokeBrokerUser(directory: string, user: BrokerUser): Promise<Step[]> {
  const broker = await readBroker(directory);
  return saveBroker(directory, { ...broker, [user.account]: withoutOlder(broker[user.account], user.name) });
}

/** Voids all credentials of a cluster's agent but the newest; the broker has to be told. */
export async function revokeAgent(directory: string, cluster: string): Promise<Step[]> {
  const account = await demandClusterAccount(directory, cluster);
  return [await saveClusterAccount(directory, cluster, withoutOlder(account, "agent"))];
}

async function demandClusterAccount(directory: string, cluster: string): Promise<AccountFile> {
  const account = await readClusterAccount(directory, cluster);
  if (account !== undefined) return account;
  throw new Error(`Cannot find the account of cluster ${cluster}: it was not added to a broker of ours`);
}

/** The account with one user more, its newest. */
export function withUser(account: AccountFile, name: string, key: string): AccountFile {
  return { ...account, users: { ...account.users, [name]: [key, ...(account.users[name] ?? [])] } };
}

/** The account with all of a user's credentials void but the newest. */
export function withoutOlder(account: AccountFile, name: string): AccountFile {
  const [newest, ...older] = account.users[name] ?? [];
  // NATS compares it with the time at which credentials were made: everything up to now.
  const now = Math.floor(Date.now() / 1000);
  const revoked = Object.fromEntries(older.map((key) => [key, now]));
  return {
    ...account,
    users: { ...account.users, [name]: newest === undefined ? [] : [newest] },
    revocations: { ...account.revocations, ...revoked },
  };
}
