/** What docs/operating.md promises of a restored broker is tried, and what it lists and quotes is what there is. */
import { glob, readdir, readFile, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { connectNats } from "../../adapters/node/nats-connection.ts";
import { provision, provisionCluster } from "../../src/bus/nats/provision.ts";
import { buckets, buildBucketStream, describeClusterStreams, describeConsumer } from "../../src/contract/streams.ts";
import { createConsoleLogger } from "../../src/log.ts";
import { startNatsServer, type NatsServer } from "../nats/server.ts";
import { createDriverClient, createGuresid, readValues } from "../support/driver-client.ts";
import { buildScriptRequest } from "../support/script-request.ts";
import { startStandaloneServer } from "../support/standalone-server.ts";
import { waitUntil } from "../support/wait-until.ts";

const root = resolve(import.meta.dirname, "../..");
const page = await readFile(join(root, "docs/operating.md"), "utf8");
const [, backup = "", , , sizes = "", trouble = ""] = page.split(/^## /m);

const listStreams = (text: string) => new Set([...text.matchAll(/^\| `(\w+|\w+-<c>)` +\|/gm)].map(([, name]) => name));

describe("docs/operating.md", () => {
  test("has every stream, in what to back up and in how large they are", () => {
    const plans = describeClusterStreams("c", {});
    const names = [...plans.map(({ name }) => name.replace(/-c$/, "-<c>")), ...buckets.map(buildBucketStream)];
    for (const text of [backup, sizes]) expect(listStreams(text)).toEqual(new Set(names));
  });

  test("has the limits that streams are made with", () => {
    const plans = new Map(describeClusterStreams("c", {}).map(({ name, initial }) => [name, initial]));
    const read = (name: string, field: string) => Number(plans.get(name)?.[field]);
    const days = (name: string) => `| ${read(name, "max_age") / (24 * 3600 * 1e9)} days |`;
    const rows = sizes.replaceAll(/ +/g, " ").split("\n");
    const findRow = (text: string) => rows.find((row) => row.includes(text));
    expect(findRow("`--log-bytes`")).toContain(`| ${read("logs-c", "max_bytes") / 1024 ** 2} MiB |`);
    expect(findRow("`--log-days`")).toContain(days("logs-c"));
    expect(findRow("`--event-days`")).toContain(days("events-c"));
    expect(findRow("`controls-<c>`")).toContain(days("controls-c"));
    expect(findRow("`agents-<c>`")).toContain(`| ${read("agents-c", "max_age") / 1e9} s |`);
    const { ack_wait, max_ack_pending } = describeConsumer("c", {}).initial;
    expect(sizes).toContain(`A cluster takes ${String(max_ack_pending)} runs at once`);
    expect(trouble).toContain(`the lease of ${Number(ack_wait) / 1e9} seconds`);
  });

  test("quotes sentences that the code has", async () => {
    const quotes = [...trouble.matchAll(/`([A-Za-z][^`]* [^`]*)`/g)].map(([, text = ""]) => text);
    const sentences = quotes.filter((text) => !/^(npm|kubectl) /.test(text));
    expect(sentences.length).toBeGreaterThan(15);
    let code = "";
    for await (const file of glob("{src,k8s-agent,adapters}/**/*.ts", { cwd: root }))
      code += await readFile(join(root, file), "utf8");
    expect(sentences.filter((text) => !code.includes(text))).toEqual([]);
  });
});

/** As a backup of the resources' bucket leaves a broker: everything else is made anew. */
async function keepResourcesAlone(broker: NatsServer, cluster: string): Promise<void> {
  await broker.kill("SIGTERM");
  const streams = join(broker.storeDirectory, "jetstream/$G/streams");
  const others = (await readdir(streams)).filter((name) => name !== "KV_resources");
  for (const name of others) await rm(join(streams, name), { recursive: true });
  await broker.restart();
  const logger = createConsoleLogger({ write: () => undefined, now: () => new Date(), level: "silent" });
  const connection = await connectNats({ url: broker.url, name: "test", logger, patienceMilliseconds: 5000 });
  await provision(connection);
  await provisionCluster(connection, cluster);
  await connection.close();
}

test("with the resources' bucket alone, resources are known, and can be destroyed", { timeout: 60_000 }, async () => {
  const broker = await startNatsServer();
  onTestFinished(() => broker.close());
  const server = await startStandaloneServer({ NATS_URL: broker.url });
  onTestFinished(() => server.stop());
  const driver = createDriverClient(server.url);
  const witness = await server.createWitness();
  const guresid = createGuresid();
  const request = buildScriptRequest(`echo "$ACTION" >> ${witness.path}/runs; echo '{"a": 1}' > "$OUTPUTS_FILE"`);
  await waitUntil("the broker is provisioned", async () => (await driver.get(guresid)).status === 404);
  expect(readValues(await driver.provision(guresid, request))).toEqual({ a: 1 });

  await keepResourcesAlone(broker, server.cluster);

  await waitUntil("the front door has the broker again", async () => (await driver.get(guresid)).status === 200);
  expect(readValues(await driver.provision(guresid, request))).toEqual({ a: 1 });
  expect((await driver.destroy(guresid)).status).toBe(204);
  expect(await witness.read("runs")).toBe("create\ndestroy\n");
});
