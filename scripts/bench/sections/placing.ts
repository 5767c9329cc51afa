import { Agent } from "node:http";
import { readNumber, readText, type Child } from "../child.ts";
import { alternate, interleave } from "../interleave.ts";
import { addFigures, buildRatio, type BenchOptions, type Row, type SectionReport } from "../report.ts";
import { goodBody } from "../request.ts";
import { openStage, type Stage } from "../stage.ts";
import { createCaller, timeBareRequest, type Caller } from "../driver-caller.ts";
import { putLoad } from "../wrk.ts";

const aim = { kind: "at most", value: 1.3 } as const;

const text = `Latency (median) of a PUT of a new resource until its 202, as a ratio to what is needed at the least: one HTTP round trip to
a bare server with the same body, plus one JetStream publish with its acknowledgement, of as many bytes as a run's request has. All
of it on Node against one nats-server that writes to files; the front door is the same app, server and log as the deployed one. Clients send one
request at a time: the one client is Node's, and all that is compared is done once before anything is done again; the 16 are
wrk's, some seconds each in turn. The bare publishes come from a process of their own. What the ratio is more than 1 for: the lock (a
compare-and-set of the resource's record), the \`requested\` event, and sealing to the cluster (two X25519 key agreements and an
Ed25519 signature).`;

/** PUT to 202 for new resources. */
export async function measurePlacing(options: BenchOptions): Promise<SectionReport> {
  const stage = await openStage();
  try {
    const url = await stage.startFrontDoor();
    const bare = stage.start("bare-server", { env: { STATUS: "202", ANSWER_BYTES: "120" } });
    const publisher = stage.start("publisher");
    const bareUrl = readText(await bare.next(), "url");
    await publisher.next();
    const caller = createCaller(url, stage.tokens);
    await caller.put();
    const parts = { stage, publisher, caller, url, bareUrl, bytes: await stage.readRequestBytes() };
    const rows = [await measureOne(parts, options), await measureMany(16, parts, options)];
    caller.close();
    return { title: "PUT to 202 for new resources", text, rows };
  } finally {
    await stage.close();
  }
}

interface Parts {
  readonly stage: Stage;
  readonly publisher: Child;
  readonly caller: Caller;
  readonly url: string;
  readonly bareUrl: string;
  readonly bytes: number;
}

async function measureOne({ publisher, caller, bareUrl, bytes }: Parts, { quick, say }: BenchOptions): Promise<Row> {
  say("placing: one client");
  const agent = new Agent({ keepAlive: true });
  const variants = {
    put: () => caller.timePut(),
    http: () => timeBareRequest(bareUrl, agent),
    publish: async () => readNumber(await publisher.ask({ what: "publish", bytes }), "milliseconds"),
  };
  const count = quick ? 30 : 150;
  await alternate({ rounds: 1, count }, variants);
  const { put, http, publish } = await alternate({ rounds: quick ? 1 : 5, count }, variants);
  agent.destroy();
  return buildRatio("one client", [put, addFigures(http, publish)], { unit: "ms", aim });
}

async function measureMany(clients: number, parts: Parts, { quick, say }: BenchOptions): Promise<Row> {
  say(`placing: ${clients} clients`);
  const { publisher, bytes } = parts;
  const seconds = quick ? 1 : 2;
  const load = { clients, seconds, headers: { Authorization: parts.stage.tokens.fixed }, body: goodBody, status: 202 };
  const variants = {
    put: async () => (await putLoad({ ...load, url: `${parts.url}/drivers/container/`, fresh: true })).latency,
    http: async () => (await putLoad({ ...load, url: `${parts.bareUrl}/` })).latency,
    publish: async () =>
      readNumber(
        await publisher.ask({ what: "publish-for", clients, milliseconds: seconds * 1000, bytes }),
        "milliseconds",
      ),
  };
  if (!quick) for (const variant of Object.values(variants)) await variant();
  const { put, http, publish } = await interleave(quick ? 1 : 5, variants);
  return buildRatio(`${clients} clients`, [put, addFigures(http, publish)], { unit: "ms", aim });
}
