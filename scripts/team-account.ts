/**
 * A team as files: its account and what it may read, in `<directory>/broker/teams`, and its credentials, to be given to it,
 * in `<directory>/teams/<name>`.
 */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { buildTeamAccount, createUserCredentials } from "../src/bus/nats/access/accounts.ts";
import type { TeamAccess } from "../src/bus/nats/access/grants.ts";
import { ClusterName } from "../src/contract/names.ts";
import { forgetAccount, keep, pushBeside, toKeys, type BrokerAddress } from "./broker-accounts.ts";
import {
  AccountFile,
  getBrokerPaths,
  readBroker,
  readJson,
  writeJson,
  writePrivate,
  type Step,
} from "./broker-files.ts";
import { withoutOlder, withUser } from "./broker-users.ts";

/** `teams/<name>.json` */
const TeamFile = v.strictObject({
  v: v.literal(1),
  account: AccountFile,
  clusters: v.array(ClusterName),
  logs: v.boolean(),
  webhooks: v.optional(v.boolean(), false),
});

/** A team's account, and what it may read. */
export interface Team {
  readonly account: AccountFile;
  readonly access: TeamAccess;
}

export function getTeamCredentials(directory: string, team: string): string {
  return join(directory, "teams", team, "nats.creds");
}

/** A team; undefined where there is none of that name. */
export async function readTeam(directory: string, team: string): Promise<Team | undefined> {
  const file = await readJson(getBrokerPaths(directory).teamAccount(team), TeamFile);
  if (file === undefined) return undefined;
  const { account, clusters, logs, webhooks } = file;
  return { account, access: { clusters, logs, webhooks } };
}

/** Signs a team's account if that has changed, and writes it down. */
export async function saveTeam(directory: string, team: string, { account, access }: Team): Promise<Step> {
  const { operator, hub } = await readBroker(directory);
  const built = buildTeamAccount(team, toKeys(account, operator.seed), { access, hub: hub.seed });
  const signed = { ...account, jwt: await keep(account.jwt, built) };
  return writeJson(getBrokerPaths(directory).teamAccount(team), { v: 1, account: signed, ...access });
}

/** New credentials. The older ones stay valid until they are revoked. */
export async function renewTeam(directory: string, team: string): Promise<Step> {
  const { account, access } = await demandTeam(directory, team);
  const { key, credentials } = await createUserCredentials("reader", account.seed);
  // First the list, so that there are no credentials that can't be revoked.
  await saveTeam(directory, team, { account: withUser(account, "reader", key), access });
  return writePrivate(getTeamCredentials(directory, team), credentials);
}

/** Voids all of a team's credentials but the newest; the broker has to be told. */
export async function revokeTeam(directory: string, team: string): Promise<Step[]> {
  const { account, access } = await demandTeam(directory, team);
  return [await saveTeam(directory, team, { account: withoutOlder(account, "reader"), access })];
}

/** Makes sure that the running broker has the team's account as it is on disk, and the hub's, which exports to it. */
export async function pushTeam(address: BrokerAddress, team: string): Promise<Step[]> {
  const { account } = await demandTeam(address.directory, team);
  return pushBeside(address, { [`team-${team}`]: account });
}

/** Disconnects a team for good. */
export async function removeTeam(address: BrokerAddress, team: string): Promise<void> {
  const { account } = await demandTeam(address.directory, team);
  await forgetAccount(address, account);
  // After the broker: as long as it knows the account, we need its key to remove it.
  await rm(getTeamCredentials(address.directory, team), { force: true });
  await rm(getBrokerPaths(address.directory).teamAccount(team));
}

async function demandTeam(directory: string, team: string): Promise<Team> {
  const found = await readTeam(directory, team);
  if (found !== undefined) return found;
  throw new Error(`Cannot find team ${team}: it was not added to a broker of ours`);
}
