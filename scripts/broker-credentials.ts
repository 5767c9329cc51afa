/**
 * Renews credentials, then voids the older ones once the new ones are in use:
 *
 *     npm run broker:credentials -- renew --cluster <name>
 *     npm run broker:credentials -- revoke --cluster <name>
 *
 * `--user front-door`, `provision` or `system` in place of `--cluster` for the broker's own.
 */
import { resolve } from "node:path";
import { pushAccounts } from "./broker-accounts.ts";
import { brokerUsers, renewAgent, renewBrokerUser, revokeAgent, revokeBrokerUser } from "./broker-users.ts";
import type { Step } from "./broker-files.ts";
import { withLock } from "./lock.ts";
import { defaultBrokerUrl, readClusterName, runScript, showSteps } from "./run-script.ts";

type Verb = "renew" | "revoke";

interface Whose {
  readonly cluster: string | undefined;
  readonly user: string | undefined;
}

async function change(verb: Verb, { cluster, user }: Whose, directory: string): Promise<Step[]> {
  if (cluster !== undefined && user === undefined) {
    const name = readClusterName(cluster);
    return verb === "renew" ? [await renewAgent(directory, name)] : revokeAgent(directory, name);
  }
  const found = brokerUsers.find(({ name }) => name === user);
  if (found === undefined || cluster !== undefined)
    throw new Error(
      `Cannot ${verb} credentials: say --cluster <name>, or --user ${brokerUsers.map(({ name }) => name).join("|")}`,
    );
  return verb === "renew" ? [await renewBrokerUser(directory, found)] : revokeBrokerUser(directory, found);
}

const options = {
  cluster: { type: "string" },
  user: { type: "string" },
  url: { type: "string", default: defaultBrokerUrl },
  directory: { type: "string", default: ".local" },
} as const;

await runScript({ options, allowPositionals: true }, async ({ values, positionals: [verb] }) => {
  if (verb !== "renew" && verb !== "revoke") throw new Error("Cannot change credentials: say renew or revoke");
  const { url, cluster, user } = values;
  const directory = resolve(values.directory);
  await withLock(directory, async () => {
    showSteps(await change(verb, { cluster, user }, directory));
    if (verb === "revoke") showSteps(await pushAccounts({ directory, url }, cluster));
  });
});
