/**
 * The resources that callers put, delete and ask about: reads the record, decides, writes, and holds the answer for as
 * long as the caller prefers. No state of its own: two front doors, or one that was restarted, behave as one.
 */
import { BusUnavailable, type Bus } from "../bus/port.ts";
import type { Wanted } from "../catalog/driver.ts";
import type { Failure } from "../contract/events.ts";
import type { Outputs } from "../contract/outputs.ts";
import type { ResourceAddress } from "../contract/run.ts";
import type { TraceContext } from "../contract/trace-context.ts";
import type { Logger } from "../log.ts";
import type { FrontDoorKeys } from "../sealing/keys.ts";
import type { Tracer } from "../tracer.ts";
import { createAttendance } from "./attendance.ts";
import type { Clusters } from "./clusters.ts";
import { decideGet, isRequested, type Settled, type Situation } from "./decide.ts";
import { createLook, type Look, type Looked } from "./look.ts";
import { createPlacement } from "./placement.ts";
import { planDelete, planPut, type Plan } from "./plans.ts";
import { createRecords, type LastRun, type ResourceRecord } from "./record.ts";
import { createResultOpener } from "./results.ts";
import { createRunStates, type RunStates } from "./run-state.ts";
import { createTelling } from "./telling.ts";
import { traceAnswer } from "./trace-answer.ts";

/** What a request comes to. */
export type Answer =
  | { readonly kind: "outputs"; readonly type: string; readonly outputs: Outputs; readonly run: LastRun }
  | {
      readonly kind: "progress" | "busy";
      readonly run: LastRun;
      readonly timeoutSeconds: number;
      /** Its cluster has no agent just now: it stays in the queue until one is there. */
      readonly waiting: boolean;
    }
  | { readonly kind: "failure"; readonly failure: Failure; readonly run: LastRun }
  | { readonly kind: "refused"; readonly code: "RES-104" | "RES-107"; readonly problem: string }
  | { readonly kind: "gone" | "unknown" };

/** How long the caller would like to wait, and what it sent along. */
export interface Terms {
  readonly waitSeconds: number;
  readonly trace?: TraceContext | undefined;
  /** Whether the caller may have to do with a cluster. */
  mayUse(cluster: string): boolean;
}

export interface Resources {
  put(address: ResourceAddress, wanted: Wanted, terms: Terms): Promise<Answer>;
  delete(address: ResourceAddress, terms: Terms): Promise<Answer>;
  get(address: ResourceAddress, terms: Pick<Terms, "mayUse">): Promise<Answer>;
}

export interface ResourcesOptions {
  readonly bus: Bus;
  readonly keys: FrontDoorKeys;
  readonly clusters: Clusters;
  readonly logger: Logger;
  readonly now: () => Date;
  readonly tracer?: Tracer | undefined;
}

export function createResources({ bus, keys, clusters, logger, now, tracer }: ResourcesOptions): Resources {
  const records = createRecords(bus.records);
  const results = createResultOpener(keys);
  const states = createRunStates({ events: bus.events, results, logger });
  const placement = createPlacement({ bus, records, keys, now, tracer });
  const telling = createTelling(records, results);
  const attendance = createAttendance(bus.agents);
  const look = createLook({ records, states, now });

  /** Looks, decides and carries out, until there is an answer: again when another request or the run's end was faster. */
  function handle(address: ResourceAddress, plan: Plan, { waitSeconds, trace, mayUse }: Terms): Promise<Answer> {
    const until = waitSeconds > 0 ? AbortSignal.timeout(waitSeconds * 1000) : AbortSignal.abort();
    let observed: string | undefined;
    return repeat(async () => {
      const looked = await look(address, observed);
      if (!mayTouch(looked, mayUse)) return forbidden;
      const decision = await plan.decide(looked.situation);
      if (decision.kind === "place") {
        const wished = await plan.toWish(decision, looked.situation?.record);
        if (wished.kind === "refused") return wished;
        if (!mayUse(wished.wish.cluster.name)) return forbidden;
        const placed = await placement.place({ ...wished.wish, address, trace }, looked.loaded);
        if (placed.kind === "conflict") return undefined;
        observed = placed.record.run.runId;
        if (!until.aborted) return undefined;
        return describeRun("progress", placed.record, await attendance.isWaiting(placed));
      }
      if (looked.situation === undefined) return { kind: decision.kind === "gone" ? "gone" : "unknown" };
      observed = looked.situation.record.run.runId;
      return settle(address, looked, { decision, until, trace });
    });
  }

  /** The answer that a decision other than a new run comes to; undefined when it is time to look again. */
  async function settle(
    address: ResourceAddress,
    looked: Looked,
    { decision, until, trace }: { decision: Settled; until: AbortSignal; trace: TraceContext | undefined },
  ): Promise<Answer | undefined> {
    const { situation, loaded } = looked;
    const begun = now();
    if (decision.kind === "progress" || decision.kind === "busy") await heal(address, situation);
    if (decision.kind === "progress" && (await hasEnded(situation, { states, until }))) return undefined;
    const forgotten = decision.kind === "gone" ? await records.forget(address, loaded.revision) : undefined;
    const answer = await describe(address, looked, decision);
    const tells = answer?.kind === "outputs" || answer?.kind === "failure";
    const isFirst = tells ? await telling.note(address, looked) : forgotten?.kind === "written";
    if (isFirst) traceAnswer(address, situation.record.run, { tracer, begun, ended: now(), trace });
    return answer;
  }

  /** Finishes a placing that was cut off, be it for this request or only in its way. */
  async function heal(address: ResourceAddress, { record, state, observed }: Situation): Promise<void> {
    if (isRequested({ state }) && record.run.runId !== observed) await placement.complete(address, record);
  }

  async function describe(address: ResourceAddress, looked: Looked, decision: Settled): Promise<Answer | undefined> {
    const { record } = looked.situation;
    switch (decision.kind) {
      case "busy":
      case "progress":
        return describeRun(decision.kind, record, await attendance.isWaiting(looked.situation));
      case "failure":
        return { kind: "failure", failure: decision.failure, run: record.run };
      case "outputs": {
        const outputs = await telling.findOutputs(address, looked, decision.from);
        return outputs && { kind: "outputs", type: record.type, outputs, run: record.run };
      }
      case "gone":
      case "unknown":
        return { kind: decision.kind };
    }
  }

  return {
    put: (address, wanted, terms) => handle(address, planPut(wanted, { clusters, keys }), terms),
    delete: (address, terms) => handle(address, planDelete(clusters), terms),
    get: (address, { mayUse }) =>
      repeat(async () => {
        const looked = await look(address);
        if (!mayTouch(looked, mayUse)) return forbidden;
        if (looked.situation === undefined) return { kind: "unknown" };
        return describe(address, looked, decideGet(looked.situation));
      }),
  };
}

/** Waits for the run's end while there is time. */
async function hasEnded(
  { record, state }: Situation,
  { states, until }: { states: RunStates; until: AbortSignal },
): Promise<boolean> {
  if (until.aborted) return false;
  await states.waitForEnd(record.run, { after: state.kind === "live" ? state.sequence : 0, signal: until });
  return !until.aborted;
}

const forbidden: Answer = {
  kind: "refused",
  code: "RES-104",
  problem: "Cannot let the caller do this: its token is not for the resource's cluster",
};

/** A resource that there is belongs to the cluster that it was created in. */
function mayTouch({ situation }: Awaited<ReturnType<Look>>, mayUse: Terms["mayUse"]): boolean {
  return situation === undefined || mayUse(situation.record.create.cluster);
}

/** More than anybody needs: whoever is refused that often reads what is no longer true. */
const mostAttempts = 100;

/** Attempts until there is an answer. */
async function repeat(attempt: () => Promise<Answer | undefined>): Promise<Answer> {
  for (let attempts = 0; attempts < mostAttempts; attempts++) {
    const answer = await attempt();
    if (answer !== undefined) return answer;
  }
  throw new BusUnavailable("answer", { reason: `the record was never as it had been read, ${mostAttempts} times` });
}

function describeRun(kind: "progress" | "busy", { run, create }: ResourceRecord, waiting: boolean): Answer {
  return { kind, run, timeoutSeconds: create.timeoutSeconds, waiting };
}
