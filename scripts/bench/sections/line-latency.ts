import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { runHeader } from "../../../src/contract/driver-api/headers.ts";
import { limits } from "../../../src/contract/limits.ts";
import { openStage, type StageContext } from "../../../test/faults/stage.ts";
import { createGuresid, type DriverClient } from "../../../test/support/driver-client.ts";
import { buildScriptRequest } from "../../../test/support/script-request.ts";
import { findProgram } from "../child.ts";
import { followLines, type SeenLine } from "../follow-lines.ts";
import { interleave } from "../interleave.ts";
import { buildRatio, type BenchOptions, type Row, type SectionReport } from "../report.ts";
import { computeMedian, computeQuantile } from "../statistics.ts";

const unit = "ms";
/** Lines of a round, and milliseconds between two of them. */
const pace = { lines: 150, least: 10, most: 150 };

const text = `From the moment at which a container writes a line to the moment at which a subscriber over HTTP (server-sent events) has it:
${pace.lines} lines a round, ${pace.least} to ${pace.most} ms after each other, by chance. The agent, on the local launcher, the front door and a nats-server that writes
to files are processes as they are deployed. The agent gathers what a run prints for ${limits.logChunkMilliseconds} ms before it publishes it: of that **flush window**
the first two rows are a ratio. The others are one to the same program's lines over a bare pipe, a round of the one behind
a round of the other: what a pipe takes is next to nothing, so that these say little but that most of the time is the window's.`;

/** The median and the worst in a hundred. */
export interface Latencies {
  readonly p50: number;
  readonly p99: number;
}

/** A log's line to the subscriber's, on this machine alone. */
export async function measureLineLatency({ quick, say }: BenchOptions): Promise<SectionReport> {
  const closers: (() => Promise<void>)[] = [];
  const context: StageContext = {
    onTestFinished: (close) => void closers.push(close),
    onTestFailed: () => undefined,
  };
  try {
    const stage = await openStage(context, { ackWaitSeconds: 10 });
    const { url, driver } = await stage.startFrontDoor();
    await stage.startAgent();
    const lines = quick ? 20 : pace.lines;
    say("line latency: a run's log and a pipe in turns");
    await measureRun({ url, driver }, 5);
    const ours: Latencies[] = [];
    const pipe: Latencies[] = [];
    const keep = (list: Latencies[], measure: () => Promise<number[]>) => async () => {
      const times = await measure();
      list.push({ p50: computeMedian(times), p99: computeQuantile(times, 0.99) });
      return 0;
    };
    await interleave(quick ? 1 : 6, {
      ours: keep(ours, () => measureRun({ url, driver }, lines)),
      pipe: keep(pipe, () => measurePipe(lines)),
    });
    const window = ours.map(() => ({ p50: limits.logChunkMilliseconds, p99: limits.logChunkMilliseconds }));
    return {
      title: "A log's line to its subscriber",
      text,
      rows: [...compare(ours, window, "the flush window"), ...compare(ours, pipe, "a pipe")],
    };
  } finally {
    for (const close of closers.toReversed()) await close();
  }
}

/** A row for the median, and one for the worst in a hundred. */
export function compare(ours: readonly Latencies[], others: readonly Latencies[], what: string): Row[] {
  return (["p50", "p99"] as const).map((name) =>
    buildRatio(`${name}, against ${what}`, [ours.map((each) => each[name]), others.map((each) => each[name])], {
      unit,
    }),
  );
}

interface FrontDoor {
  readonly url: string;
  readonly driver: DriverClient;
}

/** Places a run, and answers with its id. */
export async function placeRun(driver: DriverClient, request: unknown): Promise<string> {
  const answer = await driver.put(createGuresid(), request);
  const runId = answer.headers[runHeader.toLowerCase()];
  if (answer.status === 202 && typeof runId === "string") return runId;
  throw new Error(`Cannot measure a log: the front door answers ${answer.status} ${answer.text}`);
}

async function measureRun({ url, driver }: FrontDoor, lines: number): Promise<number[]> {
  const job = { command: [process.execPath], args: buildTalker(lines) };
  const runId = await placeRun(driver, buildScriptRequest("", { job }));
  return readTimes(await followLines(`${url}/runs/${runId}/logs`), lines);
}

async function measurePipe(lines: number): Promise<number[]> {
  const talker = spawn(process.execPath, buildTalker(lines), { stdio: ["ignore", "pipe", "inherit"] });
  const seen: SeenLine[] = [];
  for await (const line of createInterface({ input: talker.stdout }))
    seen.push({ text: line, at: process.hrtime.bigint() });
  return readTimes(seen, lines);
}

function buildTalker(lines: number): string[] {
  return [findProgram("talker"), String(lines), String(pace.least), String(pace.most)];
}

/** Milliseconds from a line's writing to its coming. Throws where one is missing. */
function readTimes(seen: readonly SeenLine[], lines: number): number[] {
  const times = seen
    .filter(({ text: line }) => /^\d+$/.test(line))
    .map(({ text: line, at }) => Number(at - BigInt(line)) / 1e6);
  if (times.length === lines) return times;
  throw new Error(`Cannot measure a log: of ${lines} lines ${times.length} came`);
}
