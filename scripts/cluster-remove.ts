/**
 * Takes a cluster away: its agent is disconnected for good, and the front door forgets it.
 *
 *     npm run cluster:remove -- <name> [--streams] [--url nats://127.0.0.1:4222] [--directory .local]
 *
 * What it was asked, what happened and what was logged stays on the broker, unless `--streams` says that it goes too. Its keys
 * stay in any case: destroying its resources from a cluster of the same name needs them.
 */
import { rm } from "node:fs/promises";
import { resolve } from "node:path";
import { removeCluster } from "../src/bus/nats/provision.ts";
import { forgetAccount, readClusterAccount, withConnection } from "./broker-accounts.ts";
import { getBrokerPaths } from "./broker-files.ts";
import { getClusterPaths, unregisterCluster } from "./cluster-files.ts";
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
  // First, so that no request goes there any more.
  showSteps([await unregisterCluster(directory, cluster)]);
  const account = await readClusterAccount(directory, cluster);
  if (account !== undefined) {
    await forgetAccount({ directory, url }, account);
    // After the broker: as long as it knows the account, we need its key to remove it.
    await rm(getClusterPaths(directory, cluster).credentials, { force: true });
    await rm(paths.clusterAccount(cluster));
    console.log(`removed   account ${cluster} on the broker, and its credentials`);
  }
  if (!streams) return;
  const credentialsFile = paths.credentials("provision");
  await withConnection({ url, credentialsFile }, (hub) => removeCluster(hub, cluster));
  console.log(`removed   streams of ${cluster}`);
}

const options = {
  url: { type: "string", default: defaultBrokerUrl },
  directory: { type: "string", default: ".local" },
  streams: { type: "boolean", default: false },
} as const;

await runScript({ options, allowPositionals: true }, async ({ values, positionals }) => {
  const cluster = readClusterName(positionals[0]);
  const { url, streams } = values;
  const directory = resolve(values.directory);
  await withLock(directory, () => remove({ cluster, directory, url, streams }));
});
