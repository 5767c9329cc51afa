/** `npm run team:add`: makes credentials with which a team reads the events of its clusters' runs on NATS, live and later. */
import { resolve } from "node:path";
import type { TeamAccess } from "../src/bus/nats/access/grants.ts";
import { createAccount, readClusterAccount, saveBroker, type BrokerAddress } from "./broker-accounts.ts";
import { readBroker, readText, type Step } from "./broker-files.ts";
import { withLock } from "./lock.ts";
import { defaultBrokerUrl, hasChanged, readClusterName, readTeamName, runScript, showSteps } from "./run-script.ts";
import { getTeamCredentials, pushTeam, readTeam, renewTeam, saveTeam } from "./team-account.ts";

async function addTeam(address: BrokerAddress, team: string, access: TeamAccess): Promise<Step[]> {
  const { directory } = address;
  const broker = await readBroker(directory);
  for (const cluster of access.clusters)
    if ((await readClusterAccount(directory, cluster)) === undefined)
      throw new Error(`Cannot add team ${team}: there is no cluster ${cluster} on this broker`);
  // Again, as a broker that was made by an older version exports no events yet.
  const steps = await saveBroker(directory, broker);
  const known = await readTeam(directory, team);
  steps.push(await saveTeam(directory, team, { account: known?.account ?? createAccount(), access }));
  const credentials = getTeamCredentials(directory, team);
  if ((await readText(credentials)) === undefined) steps.push(await renewTeam(directory, team));
  else steps.push({ what: credentials, outcome: "unchanged" });
  return [...steps, ...(await pushTeam(address, team))];
}

const help = `Makes credentials with which a team reads the events of its clusters' runs on NATS, live and later. Doing it again changes
nothing; with other clusters, the team may read those from then on, with the credentials that it has.

    npm run team:add -- <name> --cluster <name>… [options]

    --cluster <name>    a cluster whose runs it may read; as often as there are some
    --logs              logs, too
    --webhooks          for the program that delivers webhooks (docs/webhooks.md), which keeps on the broker how far it is
    --url <url>         the broker as this command reaches it   (${defaultBrokerUrl})
    --directory <path>  where the broker's files are            (.local)`;

const options = {
  cluster: { type: "string", multiple: true },
  logs: { type: "boolean", default: false },
  webhooks: { type: "boolean", default: false },
  url: { type: "string", default: defaultBrokerUrl },
  directory: { type: "string", default: ".local" },
} as const;

await runScript({ help, options, allowPositionals: true }, async ({ values, positionals }) => {
  const team = readTeamName(positionals[0]);
  const clusters = [...new Set((values.cluster ?? []).map(readClusterName))].toSorted();
  if (clusters.length === 0)
    throw new Error(`Cannot add team ${team}: say --cluster <name>, for each that it may read`);
  const directory = resolve(values.directory);
  const access = { clusters, logs: values.logs, webhooks: values.webhooks };
  const steps = await withLock(directory, () => addTeam({ directory, url: values.url }, team, access));
  showSteps(steps);
  const what = `${values.logs ? "the events and logs" : "the events"} of ${clusters.join(", ")}`;
  console.log(
    hasChanged(steps)
      ? `Team ${team} may read ${what} with ${getTeamCredentials(directory, team)}`
      : `Team ${team} may read ${what} already: nothing has changed`,
  );
});
