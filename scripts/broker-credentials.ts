/** `npm run broker:credentials`: renews credentials, then voids the older ones once the new ones are in use. */
import { resolve } from "node:path";
import { pushAccounts } from "./broker-accounts.ts";
import { brokerUsers, renewAgent, renewBrokerUser, revokeAgent, revokeBrokerUser } from "./broker-users.ts";
import type { Step } from "./broker-files.ts";
import { withLock } from "./lock.ts";
import { defaultBrokerUrl, readClusterName, readTeamName, runScript, showSteps } from "./run-script.ts";
import { pushTeam, renewTeam, revokeTeam } from "./team-account.ts";

/** Whose credentials: how to renew them, how to void the older ones, and how to tell the broker. */
interface Owner {
  renew(): Promise<Step>;
  revoke(): Promise<Step[]>;
  push(url: string): Promise<Step[]>;
}

interface Whose {
  readonly cluster: string | undefined;
  readonly team: string | undefined;
  readonly user: string | undefined;
}

function findOwner(directory: string, { cluster, team, user }: Whose): Owner | undefined {
  if ([cluster, team, user].filter((name) => name !== undefined).length !== 1) return undefined;
  if (cluster !== undefined) return findAgent(directory, readClusterName(cluster));
  if (team !== undefined) return findTeam(directory, readTeamName(team));
  const found = brokerUsers.find(({ name }) => name === user);
  return (
    found && {
      renew: () => renewBrokerUser(directory, found),
      revoke: () => revokeBrokerUser(directory, found),
      push: (url) => pushAccounts({ directory, url }),
    }
  );
}

const findAgent = (directory: string, cluster: string): Owner => ({
  renew: () => renewAgent(directory, cluster),
  revoke: () => revokeAgent(directory, cluster),
  push: (url) => pushAccounts({ directory, url }, cluster),
});

const findTeam = (directory: string, team: string): Owner => ({
  renew: () => renewTeam(directory, team),
  revoke: () => revokeTeam(directory, team),
  push: (url) => pushTeam({ directory, url }, team),
});

const help = `Renews credentials, then voids the older ones once the new ones are in use:

    npm run broker:credentials -- renew --cluster <name>
    npm run broker:credentials -- revoke --cluster <name>

    --cluster <name>    the agent's
    --team <name>       a team's
    --user <name>       the broker's own: ${brokerUsers.map(({ name }) => name).join(", ")}
    --url <url>         the broker as this command reaches it   (${defaultBrokerUrl})
    --directory <path>  where the broker's files are            (.local)`;

const options = {
  cluster: { type: "string" },
  team: { type: "string" },
  user: { type: "string" },
  url: { type: "string", default: defaultBrokerUrl },
  directory: { type: "string", default: ".local" },
} as const;

await runScript({ help, options, allowPositionals: true }, async ({ values, positionals: [verb] }) => {
  if (verb !== "renew" && verb !== "revoke") throw new Error("Cannot change credentials: say renew or revoke");
  const directory = resolve(values.directory);
  const owner = findOwner(directory, { cluster: values.cluster, team: values.team, user: values.user });
  if (owner === undefined) {
    const users = brokerUsers.map(({ name }) => name).join("|");
    throw new Error(`Cannot ${verb} credentials: say --cluster <name>, --team <name>, or --user ${users}`);
  }
  await withLock(directory, async () => {
    if (verb === "renew") return showSteps([await owner.renew()]);
    showSteps(await owner.revoke());
    showSteps(await owner.push(values.url));
  });
});
