/** A run's spans, from the events that it has left: no second bookkeeping, and the same for whoever reads them. */
import { isTerminal, type RunEvent, type SetupTimes } from "../../src/contract/events.ts";
import type { Moments } from "./run-trace.ts";

export type StageName = "queue" | "start" | "placing" | "setup" | "image-pull" | "main" | "collect" | "result";

/** One stage of a run. Stages follow each other without gaps. */
export interface StageSpan {
  readonly name: StageName;
  readonly from: Date;
  readonly to: Date;
  /** It is where the run failed, and why. */
  readonly error?: string | undefined;
}

export interface RunSpans {
  readonly from: Date;
  readonly to: Date;
  readonly stages: readonly StageSpan[];
  readonly result: "succeeded" | "failed" | "cancelled";
  readonly reason: string | undefined;
  /** How often another replica, or the same one after a restart, has taken the run over. */
  readonly adoptions: number;
}

export interface SpanOptions {
  readonly requestedAt: Date;
  readonly moments: Moments;
}

/** What main did to itself; a run that was stopped has been stopped in main. */
const ownReasons = new Set(["exit-code", "signal", "out-of-memory", "deadline", "cancelled"]);

/** Undefined where the run has no end yet. */
export function buildSpans(events: readonly RunEvent[], options: SpanOptions): RunSpans | undefined {
  const end = events.findLast(({ data }) => isTerminal(data.phase));
  const result = end?.data.phase;
  if (end === undefined || (result !== "succeeded" && result !== "failed" && result !== "cancelled")) return undefined;
  const reason = end.data.failure?.reason;
  const stages = listStages(events, { ...options, ended: new Date(end.time) });
  const failed = result === "failed" ? findFailed(stages, reason) : undefined;
  return {
    from: stages[0]?.from ?? options.requestedAt,
    to: stages.at(-1)?.to ?? new Date(end.time),
    stages: stages.map((stage) => (stage === failed ? { ...stage, error: reason } : stage)),
    result,
    reason,
    adoptions: events.filter(({ type }) => type.startsWith("run.adopted.")).length,
  };
}

type Begin = [StageName, Date | undefined];

function listStages(
  events: readonly RunEvent[],
  { requestedAt, moments, ended }: SpanOptions & { ended: Date },
): StageSpan[] {
  const began = (phase: string) => {
    const first = events.find(({ data }) => data.phase === phase);
    return first && new Date(first.time);
  };
  const running = began("running");
  const starting = began("starting");
  const accepted = began("accepted") ?? starting;
  const launched = starting && (moments.launched ?? running);
  const main = running && earliest(running, moments.mainStarted);
  const setup = events.find(({ data }) => data.setup !== undefined)?.data.setup;
  const begins: Begin[] = [
    // A front door whose clock is ahead: what the agent has measured stays as it is.
    ["queue", earliest(requestedAt, accepted ?? ended)],
    ["start", accepted],
    ...listPreparations(setup, { launched, main }),
    ["main", main],
    ["collect", began("collecting")],
    ["result", ended],
  ];
  const known = begins.flatMap(([name, at]) => (at === undefined ? [] : [{ name, at }]));
  // Clocks of several replicas, and times that Kubernetes has in whole seconds: no stage ends before it begins.
  let before = new Date(0);
  const inOrder = known.map(({ name, at }) => ({
    name,
    from: (before = later(before, name === "result" ? at : earliest(at, ended))),
  }));
  return inOrder.map(({ name, from }, at) => ({
    name,
    from,
    to: inOrder[at + 1]?.from ?? later(from, moments.stored ?? from),
  }));
}

/** What comes before main: in its parts once main runs, if they are known. A node's clock that is ahead takes nothing from main. */
function listPreparations(
  setup: SetupTimes | undefined,
  { launched, main }: { launched: Date | undefined; main: Date | undefined },
): Begin[] {
  if (setup === undefined) return [["setup", launched]];
  return [
    ["placing", launched],
    ["setup", earliest(new Date(setup.startedAt), main)],
    ["image-pull", earliest(new Date(setup.endedAt), main)],
  ];
}

function findFailed(stages: readonly StageSpan[], reason: string | undefined): StageSpan | undefined {
  const worked = stages.filter(({ name }) => name !== "result");
  const main = worked.find(({ name }) => name === "main");
  return (reason !== undefined && ownReasons.has(reason) ? main : undefined) ?? worked.at(-1);
}

function earliest(at: Date, other: Date | undefined): Date {
  return other !== undefined && other < at ? other : at;
}

function later(a: Date, b: Date): Date {
  return a > b ? a : b;
}
