import { setTimeout as delay } from "node:timers/promises";
import { readNumber, readText, type Child } from "../child.ts";
import { createCaller } from "../driver-caller.ts";
import { cluster } from "../keys.ts";
import { buildRatio, type BenchOptions, type Row, type SectionReport } from "../report.ts";
import { openStage, type Stage } from "../stage.ts";
import { computeSpread } from "../statistics.ts";

/** So often the run prints a line, which is a chunk of its log each, as the agent waits for more for 100 ms. */
const lineMilliseconds = 500;

const buildText = (
  viewers: number,
) => `One run prints a line every ${lineMilliseconds} ms, and ${viewers} viewers follow its log as server-sent events at one front door,
each over a connection of its own. All figures but memory are ratios: what was counted with ${viewers} viewers, for each chunk
of the log, to what was counted with one, of the same run through the same front door a moment before. It is checked that every
viewer has had every chunk once. Messages are those of the NATS connections, both ways: beside the chunks a look for lost ones now
and then, which comes sooner after somebody has joined. Subscriptions and consumers are what the
broker's monitoring says; CPU times are what the operating system counts, and short ones. Each round has a broker, an agent
and a front door of its own. Memory is the front door's with ${viewers} viewers less that with one, by how many were added: connection,
request and stream. Resident is what the operating system counts, after garbage was collected.`;

/** What is counted over some seconds, for each chunk of the log; memory at their end. */
interface Counted {
  readonly frontDoorMessages: number;
  readonly agentMessages: number;
  readonly agentCpu: number;
  readonly brokerCpu: number;
  readonly subscriptions: number;
  readonly consumers: number;
  readonly rss: number;
  readonly heap: number;
}

/** 1,000 viewers of one run beside one. */
export async function measureViewers({ quick, say }: BenchOptions): Promise<SectionReport> {
  const viewers = quick ? 200 : 1000;
  const one: Counted[] = [];
  const many: Counted[] = [];
  for (let round = 0; round < (quick ? 1 : 3); round++) {
    say(`viewers: ${viewers} beside one, round ${round + 1}`);
    const counted = await measureOnce(viewers, quick ? 2 : 20);
    one.push(counted.one);
    many.push(counted.many);
  }
  const pick = (name: keyof Counted) => [many.map((each) => each[name]), one.map((each) => each[name])] as const;
  const aim = { kind: "at most", value: 1.1 } as const;
  const perChunk = (name: string, key: keyof Counted, unit: string, isAim = true): Row =>
    buildRatio(name, pick(key), { unit: `${unit} a chunk`, ...(isAim ? { aim } : {}) });
  const grown = (key: "rss" | "heap") =>
    computeSpread(many.map((each, round) => (each[key] - (one[round]?.[key] ?? Number.NaN)) / (viewers - 1) / 1024));
  return {
    title: `${viewers.toLocaleString("en-GB")} viewers of one run beside one`,
    text: buildText(viewers),
    rows: [
      perChunk("between broker and front door", "frontDoorMessages", "messages"),
      perChunk("between broker and agent", "agentMessages", "messages"),
      buildRatio("subscriptions at the broker", pick("subscriptions"), { unit: "subscriptions", aim }),
      buildRatio("consumers at the broker", pick("consumers"), { unit: "consumers", aim }),
      perChunk("agent's CPU time", "agentCpu", "ms", false),
      perChunk("broker's CPU time", "brokerCpu", "ms", false),
      { name: "front door's memory per viewer, resident", spread: grown("rss"), unit: "KiB" },
      { name: "front door's memory per viewer, heap and buffers", spread: grown("heap"), unit: "KiB" },
    ],
  };
}

interface Parts {
  readonly stage: Stage;
  readonly frontDoor: Child;
  readonly agent: Child;
  readonly viewers: Child;
  /** Of the run's log. */
  readonly url: string;
  readonly seconds: number;
}

async function measureOnce(viewers: number, seconds: number): Promise<{ one: Counted; many: Counted }> {
  const stage = await openStage();
  try {
    const frontDoor = stage.start("front-door", { flags: ["--expose-gc"] });
    const base = readText(await frontDoor.next(), "url");
    const env = { RUNS: "hold", LINE_MILLISECONDS: String(lineMilliseconds) };
    const agent = stage.start("agent", { env });
    await agent.next();
    await agent.ask({ what: "start", capacity: 10 });
    const client = stage.start("viewers", { env: { AUTHORIZATION: stage.tokens.fixed } });
    await client.next();
    const caller = createCaller(base, stage.tokens);
    const { runId } = await caller.put();
    caller.close();
    await agent.ask({ what: "launched", runId });
    const parts = { stage, frontDoor, agent, viewers: client, url: `${base}/runs/${runId}/logs`, seconds };
    const one = await count(parts, 1);
    return { one, many: await count(parts, viewers) };
  } finally {
    await stage.close();
  }
}

/** What the operating system counts a process's time in, milliseconds: less than one is taken for one. */
const cpuTick = 10;

async function count(parts: Parts, wanted: number): Promise<Counted> {
  const { stage, frontDoor, agent, viewers, url, seconds } = parts;
  await viewers.ask({ what: "open", url, viewers: wanted });
  // What each of them reads at its beginning is over.
  await compareViewers(parts);
  await delay(1000);
  const read = async () => ({
    chunks: await stage.readLast(`logs-${cluster}`),
    broker: await stage.readBroker(),
    agent: await agent.ask({ what: "counters" }),
    frontDoor: await frontDoor.ask({ what: "counters" }),
  });
  const before = await read();
  await delay(seconds * 1000);
  const after = await read();
  await compareViewers(parts);
  const chunks = after.chunks - before.chunks;
  const grown = (who: "agent" | "frontDoor", name: string) =>
    (readNumber(after[who], name) - readNumber(before[who], name)) / chunks;
  return {
    frontDoorMessages: grown("frontDoor", "sent") + grown("frontDoor", "received"),
    agentMessages: grown("agent", "sent") + grown("agent", "received"),
    agentCpu: grown("agent", "cpuMilliseconds"),
    brokerCpu: Math.max(after.broker.cpuMilliseconds - before.broker.cpuMilliseconds, cpuTick) / chunks,
    subscriptions: after.broker.subscriptions,
    consumers: after.broker.consumers,
    rss: readNumber(after.frontDoor, "rss"),
    heap: readNumber(after.frontDoor, "heapUsed") + readNumber(after.frontDoor, "external"),
  };
}

/** Throws unless all viewers have had every chunk up to now. */
async function compareViewers({ stage, viewers }: Parts): Promise<void> {
  // The only run's: its chunks are the stream's messages.
  const cursor = await stage.readLast(`logs-${cluster}`);
  const answer = await viewers.ask({ what: "compare", cursor });
  if (readNumber(answer, "counts") === 1 && readNumber(answer, "events") === cursor) return;
  throw new Error(`Cannot use what was counted: of ${cursor} chunks viewers had up to ${readNumber(answer, "events")}`);
}
