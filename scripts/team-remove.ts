/** `npm run team:remove`: takes a team's access to the broker away: whoever uses its credentials is disconnected for good. */
import { resolve } from "node:path";
import { withLock } from "./lock.ts";
import { defaultBrokerUrl, readTeamName, runScript } from "./run-script.ts";
import { removeTeam } from "./team-account.ts";

const help = `Takes a team's access to the broker away: whoever uses its credentials is disconnected for good.

    npm run team:remove -- <name> [options]

    --url <url>         the broker as this command reaches it   (${defaultBrokerUrl})
    --directory <path>  where the broker's files are            (.local)`;

const options = {
  url: { type: "string", default: defaultBrokerUrl },
  directory: { type: "string", default: ".local" },
} as const;

await runScript({ help, options, allowPositionals: true }, async ({ values, positionals }) => {
  const team = readTeamName(positionals[0]);
  const directory = resolve(values.directory);
  await withLock(directory, () => removeTeam({ directory, url: values.url }, team));
  console.log(`removed   account team-${team} on the broker, and its credentials`);
});
