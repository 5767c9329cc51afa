/**
 * `npm run provision`: makes the streams, buckets and consumers on the broker, or brings them up to date, and says what has
 * changed. Doing it again changes nothing; what is left out stays as it was.
 */
import { describeProvisioned, provision, provisionCluster } from "../src/bus/nats/provision.ts";
import type { ClusterChoices } from "../src/contract/streams.ts";
import { withConnection } from "./broker-accounts.ts";
import { defaultBrokerUrl, readClusterName, readCount, runScript } from "./run-script.ts";

const help = `Makes the streams, buckets and consumers on the broker, or brings them up to date.

    npm run provision -- [--cluster <name>]… [options]

Without --cluster: the one that CLUSTER names, or "local". The broker is NATS_URL's (${defaultBrokerUrl}), with the
credentials file NATS_CREDENTIALS if there is one. Where clusters have accounts of their own, cluster:add does this too.

    --replicas <n>      copies on a clustered broker: 1, 3 or 5            (1)
                        more than 1 need nats-server 2.10
    --storage <kind>    file or memory; can't be changed later             (file)
    --event-days <n>    how long events are kept                           (30)
    --log-days <n>      how long logs are kept at most                     (7)
    --log-bytes <size>  how much log is kept at most: 500MiB, 10GiB, …     (256MiB)
                        for each cluster; the broker sets it aside
    --ack-wait <n>      seconds that a lease lasts without being renewed   (30)
    --capacity <n>      runs that a cluster takes at once                  (100)

In brackets is what a new one has. When a server writes to its disk is its own setting, and for all of its streams:
"jetstream { sync_interval: always }" in nats-server's configuration is safe against a loss of power, at about 4 times the
latency of each message; the default (2 minutes) is safe against a crash of the server alone. Three replicas on machines
that don't fail together are the other way.`;

const options = {
  cluster: { type: "string", multiple: true },
  replicas: { type: "string" },
  storage: { type: "string" },
  "event-days": { type: "string" },
  "log-days": { type: "string" },
  "log-bytes": { type: "string" },
  "ack-wait": { type: "string" },
  capacity: { type: "string" },
} as const;

type Values = { readonly [N in Exclude<keyof typeof options, "cluster">]?: string | undefined };

function readChoices(values: Values): ClusterChoices {
  const { "event-days": eventDays, "log-days": logDays } = readCounts(values, ["event-days", "log-days"]);
  const { replicas, capacity, "ack-wait": ackWait } = readCounts(values, ["replicas", "capacity", "ack-wait"]);
  if (replicas !== undefined && ![1, 3, 5].includes(replicas))
    throw new Error(`Cannot use --replicas ${replicas}: must be 1, 3 or 5`);
  return {
    ...omitUndefined({ replicas, capacity, eventDays, logDays, ackWaitSeconds: ackWait }),
    ...omitUndefined({ storage: readStorage(values.storage), logBytes: readBytes(values["log-bytes"]) }),
  };
}

function readCounts<const N extends keyof Values>(values: Values, names: readonly N[]): { [K in N]?: number } {
  return Object.assign({}, ...names.map((name) => readCount(name, values[name])));
}

function readStorage(text: string | undefined): "file" | "memory" | undefined {
  if (text === undefined || text === "file" || text === "memory") return text;
  throw new Error(`Cannot use --storage ${text}: must be file or memory`);
}

function readBytes(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const [, count, unit = ""] = /^([1-9]\d{0,8})(|KiB|MiB|GiB|TiB)$/.exec(text) ?? [];
  if (count === undefined) throw new Error(`Cannot use --log-bytes ${text}: must be a size such as 500MiB or 10GiB`);
  return Number(count) * 1024 ** ["", "KiB", "MiB", "GiB", "TiB"].indexOf(unit);
}

function omitUndefined<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
}

await runScript({ help, options }, async ({ values }) => {
  const clusters = (values.cluster ?? [process.env["CLUSTER"] || "local"]).map(readClusterName);
  const choices = readChoices(values);
  const credentialsFile = process.env["NATS_CREDENTIALS"] || undefined;
  await withConnection({ url: defaultBrokerUrl, credentialsFile }, async (connection) => {
    const results = await provision(connection, choices);
    for (const cluster of clusters) results.push(...(await provisionCluster(connection, cluster, choices)));
    for (const result of results) console.log(describeProvisioned(result));
    if (results.some(({ kind }) => kind === "refused")) process.exitCode = 1;
  });
});
