import { openFaultStage, type FaultStage } from "../../../test/cluster/faults/fault-stage.ts";
import { buildPodRequest } from "../../../test/cluster/faults/pod-run.ts";
import { waitUntil } from "../../../test/support/wait-until.ts";
import { followLines, type SeenLine } from "../follow-lines.ts";
import { followPod } from "../follow-pod.ts";
import type { BenchOptions, SectionReport } from "../report.ts";
import { computeMedian, computeQuantile } from "../statistics.ts";
import { compare, placeRun, type Latencies } from "./line-latency.ts";
import { limits } from "../../../src/contract/limits.ts";

const linesOfRound = 100;

const buildText = (
  other: string,
) => `The same in a cluster, beside a client that follows the container's log directly (\`${other}\`). Both follow the **same lines of the
same container** at the same time: ${linesOfRound} lines a round, 10 to 150 ms after each other, by chance. A line counts as written when
the node's container runtime has read it, by its time stamp; the cluster is on this machine, and so has its clock.
Ours goes the same way and then on: kubelet and API server to the agent, which gathers for ${limits.logChunkMilliseconds} ms, broker, front door, subscriber.`;

/** A line of a container in a pod to the subscriber's, beside kubectl's. */
export async function measureLineLatencyInCluster({ quick, say }: BenchOptions): Promise<SectionReport> {
  const closers: (() => Promise<void>)[] = [];
  const context = {
    onTestFinished: (close: () => Promise<void>) => void closers.push(close),
    onTestFailed: () => undefined,
  };
  try {
    const stage = await openFaultStage(context, { ackWaitSeconds: 10 });
    const rounds = quick ? 1 : 5;
    say(`line latency in a cluster: ${rounds * linesOfRound} lines`);
    const { ours, direct, by } = await followBoth(stage, rounds * linesOfRound);
    const window = Array.from({ length: rounds }, () => ({
      p50: limits.logChunkMilliseconds,
      p99: limits.logChunkMilliseconds,
    }));
    const [oursOf, directOf] = [cutRounds(ours), cutRounds(direct)];
    return {
      title: "Kubernetes: a log's line to its subscriber",
      text: buildText(by),
      rows: [...compare(oursOf, window, "the flush window"), ...compare(oursOf, directOf, by)],
    };
  } finally {
    for (const close of closers.toReversed()) await close();
  }
}

interface Followed {
  /** Milliseconds of each line, in order. */
  readonly ours: readonly number[];
  readonly direct: readonly number[];
  readonly by: string;
}

async function followBoth(stage: FaultStage, lines: number): Promise<Followed> {
  const { witness, place } = stage;
  const frontDoor = await stage.startFrontDoor();
  await stage.startAgent();
  const script = `${witness.tell("here", "x")}; ${witness.hold("go")}
    i=0; while [ $i -lt ${lines} ]; do echo "line $i"; i=$((i + 1)); usleep $((10000 + RANDOM * 5 % 140000)); done`;
  const runId = await placeRun(frontDoor.driver, buildPodRequest(script));
  const following = followLines(`${frontDoor.url}/runs/${runId}/logs`);
  // Should something else go wrong first, that is what is told.
  following.catch(() => undefined);
  await witness.await("here", { seconds: 120 });
  // Main says that it runs before the API server knows, which lets nobody follow it until then.
  const pod = await waitUntil("its pod runs", async () => {
    const { items } = await place.core.listNamespacedPod({ namespace: place.namespace });
    const { metadata, status } = items.find((each) => each.metadata?.name?.includes(runId)) ?? {};
    const main = status?.containerStatuses?.find(({ name }) => name === "main");
    return main?.state?.running === undefined ? undefined : metadata?.name;
  });
  const followed = await followPod({ ...place, pod, container: "main" });
  await witness.write("go");
  const direct = await followed.lines;
  const writtenAt = new Map(direct.flatMap(({ text }) => readStamp(text)));
  return {
    ours: readTimes(await following, writtenAt, lines),
    direct: readTimes(direct.map(dropStamp), writtenAt, lines),
    by: followed.by,
  };
}

const stamped = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(\d+)Z (line \d+)$/;

/** A line, and when it was written: nanoseconds since 1970. */
function readStamp(text: string): [string, bigint][] {
  const [, seconds = "", fraction = "", line = ""] = stamped.exec(text) ?? [];
  if (line === "") return [];
  return [[line, BigInt(Date.parse(`${seconds}Z`)) * 1_000_000n + BigInt(fraction.padEnd(9, "0"))]];
}

function dropStamp({ text, at }: SeenLine): SeenLine {
  return { text: stamped.exec(text)?.[3] ?? "", at };
}

/** Milliseconds from a line's writing to its coming. Throws where one is missing, or came before it was written. */
function readTimes(seen: readonly SeenLine[], writtenAt: ReadonlyMap<string, bigint>, lines: number): number[] {
  const offset = readClockOffset();
  const times = seen.flatMap(({ text, at }) => {
    const written = writtenAt.get(text);
    return written === undefined ? [] : [Number(at + offset - written) / 1e6];
  });
  if (times.length !== lines) throw new Error(`Cannot measure a log: of ${lines} lines ${times.length} came`);
  if (computeMedian(times) > 0) return times;
  throw new Error("Cannot measure a log: its lines came before they were written. Is the cluster on another machine?");
}

/** Between the clock that `SeenLine` has and the time of day, nanoseconds. */
function readClockOffset(): bigint {
  const offsets = Array.from({ length: 1000 }, () => BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint());
  // The time of day is cut to milliseconds: it is right when it has just changed, which is where it is greatest.
  return offsets.reduce((most, each) => (each > most ? each : most));
}

function cutRounds(times: readonly number[]): Latencies[] {
  const rounds = Array.from({ length: times.length / linesOfRound }, (_, round) =>
    times.slice(round * linesOfRound, (round + 1) * linesOfRound),
  );
  return rounds.map((each) => ({ p50: computeMedian(each), p99: computeQuantile(each, 0.99) }));
}
