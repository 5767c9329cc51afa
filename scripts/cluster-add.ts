/** `npm run cluster:add`: makes what a new cluster needs, and registers it. Doing it again changes nothing, and completes what was cut off. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { NatsConnection } from "@nats-io/nats-core";
import { hubApiPrefix } from "../src/bus/nats/access/grants.ts";
import { describeProvisioned, provision, provisionCluster, type Provisioned } from "../src/bus/nats/provision.ts";
import { readServers } from "../src/bus/nats/servers.ts";
import type { ClusterChoices } from "../src/contract/streams.ts";
import {
  createAccount,
  pushAccounts,
  readClusterAccount,
  saveBroker,
  saveClusterAccount,
  withConnection,
} from "./broker-accounts.ts";
import { getBrokerPaths, readBroker, readText, writePrivate, type Step } from "./broker-files.ts";
import { renewAgent } from "./broker-users.ts";
import { getClusterPaths, readAgentVariables, registerCluster, writeAgentFiles } from "./cluster-files.ts";
import { withLock } from "./lock.ts";
import { defaultBrokerUrl, hasChanged, readClusterName, readCount, runScript, showSteps } from "./run-script.ts";

interface AddOptions {
  readonly cluster: string;
  readonly directory: string;
  /** The broker's URL as we reach it. */
  readonly url: string;
  /** As the agent reaches it; left out: as it was the last time, or as we do. */
  readonly agentUrl?: string;
  readonly choices: ClusterChoices;
  /** Credentials that were made by hand, on a broker on which accounts are not ours to make. */
  readonly hosted?: { readonly provision: string; readonly agent: string };
  /** Left out: as it was the last time, or as on a broker of ours. */
  readonly apiPrefix?: string;
}

async function addCluster(options: AddOptions): Promise<Step[]> {
  const { cluster, directory, url, hosted } = options;
  const steps = hosted === undefined ? await addAccount(options) : [await takeCredentials(options, hosted.agent)];
  const credentialsFile = hosted?.provision ?? getBrokerPaths(directory).credentials("provision");
  steps.push(...(await withConnection({ url, credentialsFile }, (hub) => addStreams(hub, options))));
  const before = await readAgentVariables(directory, cluster);
  const agentUrl = options.agentUrl ?? before.get("NATS_URL") ?? url;
  const apiPrefix = options.apiPrefix ?? before.get("NATS_API_PREFIX") ?? hubApiPrefix;
  steps.push(...(await writeAgentFiles(directory, { cluster, url: agentUrl, apiPrefix })));
  // Last: from here on the front door sends requests there.
  return [...steps, await registerCluster(directory, cluster)];
}

/** The cluster's account and its agent's credentials, on disk and on the broker. */
async function addAccount({ cluster, directory, url }: AddOptions): Promise<Step[]> {
  const steps = await saveBroker(directory, await readBroker(directory));
  const known = await readClusterAccount(directory, cluster);
  steps.push(await saveClusterAccount(directory, cluster, known ?? createAccount()));
  const { credentials } = getClusterPaths(directory, cluster);
  if ((await readText(credentials)) === undefined) steps.push(await renewAgent(directory, cluster));
  else steps.push({ what: credentials, outcome: "unchanged" });
  return [...steps, ...(await pushAccounts({ directory, url }, cluster))];
}

async function takeCredentials({ cluster, directory }: AddOptions, file: string): Promise<Step> {
  return writePrivate(getClusterPaths(directory, cluster).credentials, await readFile(file, "utf8"));
}

async function addStreams(hub: NatsConnection, { cluster, choices }: AddOptions): Promise<Step[]> {
  const { replicas } = choices;
  const records = await provision(hub, replicas === undefined ? {} : { replicas });
  return [...records, ...(await provisionCluster(hub, cluster, choices))].map(toStep);
}

function toStep(provisioned: Provisioned): Step {
  if (provisioned.kind === "refused") throw new Error(`Cannot change ${describeProvisioned(provisioned)}`);
  return { what: provisioned.what, outcome: provisioned.kind };
}

const help = `Makes what a new cluster needs: an account on the broker, credentials, keys, streams; and registers it with the front door.
Doing it again changes nothing, and completes what was cut off.

    npm run cluster:add -- <name> [options]

    --url <url>         the broker as this command reaches it   (${defaultBrokerUrl})
    --agent-url <url>   as the agent reaches it: nats://, tls:// or wss://
                        (as it was the last time, or as this command does)
    --capacity <n>      runs that the cluster takes at once     (100)
    --replicas <n>      copies on a clustered broker: 1, 3 or 5 (1)
    --directory <path>  where the broker's files are            (.local)

On a broker on which accounts are not ours to make, with two credentials files that were made by hand (docs/broker.md):

    --provision-credentials <file>  who may make streams
    --agent-credentials <file>      the agent's, copied to where its other files are
    --api-prefix <subject>          JetStream's API as the agent's account has it ($JS.API or HUB.API)`;

const options = {
  url: { type: "string", default: defaultBrokerUrl },
  "agent-url": { type: "string" },
  capacity: { type: "string" },
  replicas: { type: "string" },
  directory: { type: "string", default: ".local" },
  "provision-credentials": { type: "string" },
  "agent-credentials": { type: "string" },
  "api-prefix": { type: "string" },
} as const;

await runScript({ help, options, allowPositionals: true }, async ({ values, positionals }) => {
  const cluster = readClusterName(positionals[0]);
  const directory = resolve(values.directory);
  for (const name of ["url", "agent-url"] as const) checkUrl(name, values[name]);
  const given = {
    ...(values["agent-url"] === undefined ? {} : { agentUrl: values["agent-url"] }),
    ...(values["api-prefix"] === undefined ? {} : { apiPrefix: values["api-prefix"] }),
    ...readHosted(values["provision-credentials"], values["agent-credentials"]),
    choices: { ...readCount("capacity", values.capacity), ...readCount("replicas", values.replicas) },
  };
  const steps = await withLock(directory, () => addCluster({ cluster, directory, url: values.url, ...given }));
  showSteps(steps);
  const { agentEnv } = getClusterPaths(directory, cluster);
  console.log(
    hasChanged(steps)
      ? `Cluster ${cluster} is ready: start its agent with the variables in ${agentEnv}`
      : `Cluster ${cluster} was there already: nothing has changed`,
  );
});

function readHosted(provision: string | undefined, agent: string | undefined): Pick<AddOptions, "hosted"> {
  if (provision !== undefined && agent !== undefined) return { hosted: { provision, agent } };
  if (provision === undefined && agent === undefined) return {};
  throw new Error("Cannot add a cluster: --provision-credentials and --agent-credentials go together");
}

/** Before anything is written. */
function checkUrl(name: string, url: string | undefined): void {
  const read = url === undefined ? undefined : readServers(url);
  if (read?.ok === false) throw new Error(`Cannot use --${name}: ${read.problem}`);
}
