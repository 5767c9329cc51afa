/** One stage for all tests of a file, and what has to be true of it when nothing happens any more. */
import { afterAll, afterEach, beforeAll } from "vitest";
import { expectRunOnce, waitUntilIdle } from "../../faults/run-story.ts";
import { cluster, type StageContext } from "../../faults/stage.ts";
import { decodeMessage } from "../../../src/contract/decode.ts";
import { isTerminal, RunEvent } from "../../../src/contract/events.ts";
import { waitUntil } from "../../support/wait-until.ts";
import type { ClusterStage } from "../support/cluster-stage.ts";
import { openFaultStage, type FaultStage } from "./fault-stage.ts";

/** Opens a stage before a file's first test, for all of them. */
export function shareFaultStage<T>(prepare: (stage: FaultStage) => Promise<T>): () => FaultStage & T {
  const closers: (() => Promise<void>)[] = [];
  const shows: (() => void)[] = [];
  let shared: (FaultStage & T) | undefined;
  beforeAll(async () => {
    const context: StageContext = {
      onTestFinished: (close) => void closers.push(close),
      onTestFailed: (show) => void shows.push(show),
    };
    const stage = await openFaultStage(context);
    shared = { ...stage, ...(await prepare(stage)) };
  });
  afterEach(({ task }) => {
    if (task.result?.state === "fail") for (const show of shows) show();
  });
  afterAll(async () => {
    for (const close of closers.toReversed()) await close();
  });
  return () => {
    if (shared === undefined) throw new Error("Cannot use the stage: it is not open");
    return shared;
  };
}

/** Waits until nothing is left in a namespace of a run, or of any run, but pods that are going by themselves. */
export async function waitUntilRemoved({ core, batch, namespace }: ClusterStage, runId = ""): Promise<void> {
  const isEmpty = async () => {
    const [jobs, pods, secrets] = await Promise.all([
      batch.listNamespacedJob({ namespace }),
      core.listNamespacedPod({ namespace }),
      core.listNamespacedSecret({ namespace }),
    ]);
    const staying = pods.items.filter(({ metadata }) => metadata?.deletionTimestamp === undefined);
    const left = [...jobs.items, ...staying, ...secrets.items];
    return !left.some(({ metadata }) => metadata?.name?.startsWith(`run-${runId}`));
  };
  await waitUntil("nothing is left in the cluster", isEmpty, { seconds: 60 });
}

/** Waits until no request is queued or held, and nothing is left of any run in the stage's namespace. */
export async function waitUntilSettled(stage: FaultStage): Promise<void> {
  await waitUntilIdle(stage, { seconds: 60 });
  await waitUntilRemoved(stage.place);
}

/** The stage has settled, and the run was executed once, told once, and its log is whole. */
export async function expectSettledOnce(stage: FaultStage, runId: string, log: { label: string; lines?: number }) {
  await waitUntilSettled(stage);
  return expectRunOnce(stage, runId, log);
}

/** Waits for a run's end for as long as it may take. */
export async function awaitEnd({ bus }: FaultStage, runId: string, milliseconds: number): Promise<void> {
  const signal = AbortSignal.timeout(milliseconds);
  for await (const { data } of bus.events.follow({ cluster, runId }, { after: 0, signal })) {
    const event = decodeMessage(RunEvent, data);
    if (event.ok && isTerminal(event.value.data.phase)) return;
  }
  throw new Error(`Cannot see that run ${runId} ends: not within ${milliseconds} ms`);
}
