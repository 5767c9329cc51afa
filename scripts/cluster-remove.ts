/** `npm run cluster:remove`: takes a cluster away: its agent is disconnected for good, and the front door forgets it. */
import { rm } from "node:fs/promises";
import { resolve } from "node:path";
import { removeCluster } from "../src/bus/nats/provision.ts";
import { forgetAccount, readClusterAccount, withConnection } from "./broker-accounts.ts";
import { getBrokerPaths } from "./broker-files.ts";
import { getClusterPaths, readRegistry, unregisterCluster } from "./cluster-files.ts";
import { withLock } from "./lock.ts";
import { defaultBrokerUrl, readClusterName, runScript, showSteps } from "./run-script.ts";

interface RemoveOptions {
  readonly cluster: string;
  readonly directory: string;
  readonly url: string;
  readonly streams: boolean;
}

async function remove({ cluster, directory, url, streams }: RemoveOptions): Promise<void> {
  const paths = getBrokerPaths(directory);
  const account = await readClusterAccount(directory, cluster);
  const isKnown = account !== undefined || Object.hasOwn(await readRegistry(directory), cluster);
  // Its streams may have been left when it was removed.
  if (!isKnown && !streams)
    throw new Error(
      `Cannot remove cluster ${cluster}: it is not in ${directory}/clusters.json, and has no account here`,
    );
  // First, so that no request goes there any more.
  if (isKnown) showSteps([await unregisterCluster(directory, cluster)]);
  if (account !== undefined) {
    await forgetAccount({ directory, url }, account);
    // After the broker: as long as it knows the account, we need its key to remove it.
    await rm(getClusterPaths(directory, cluster).credentials, { force: true });
    await rm(paths.clusterAccount(cluster));
    console.log(`removed   account ${cluster} on the broker, and its credentials`);
  }
  if (!streams) return;
  const credentialsFile = paths.credentials("provision");
  const removed = await withConnection({ url, credentialsFile }, (hub) => removeCluster(hub, cluster));
  console.log(removed.length === 0 ? `There are no streams of ${cluster}` : `removed   ${removed.join(", ")}`);
}

const help = `Takes a cluster away: its agent is disconnected for good, and the front door forgets it.

    npm run cluster:remove -- <name> [options]

    --streams           also removes what it was asked, what happened and what was logged
    --url <url>         the broker as this command reaches it   (${defaultBrokerUrl})
    --directory <path>  where the broker's files are            (.local)

Its keys stay in any case: destroying its resources from a cluster of the same name needs them.`;

const options = {
  url: { type: "string", default: defaultBrokerUrl },
  directory: { type: "string", default: ".local" },
  streams: { type: "boolean", default: false },
} as const;

await runScript({ help, options, allowPositionals: true }, async ({ values, positionals }) => {
  const cluster = readClusterName(positionals[0]);
  const { url, streams } = values;
  const directory = resolve(values.directory);
  await withLock(directory, () => remove({ cluster, directory, url, streams }));
});
