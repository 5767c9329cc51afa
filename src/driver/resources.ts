/**
 * The resources that callers put, delete and ask about: reads the record, decides, writes, and holds the answer for as
 * long as the caller prefers. No state of its own: two front doors, or one that was restarted, behave as one.
 */
import type { Bus } from "../bus/port.ts";
import type { Wanted } from "../catalog/driver.ts";
import type { Failure } from "../contract/events.ts";
import type { Outputs } from "../contract/outputs.ts";
import type { ResourceAddress } from "../contract/run.ts";
import type { Logger } from "../log.ts";
import type { FrontDoorKeys } from "../sealing/keys.ts";
import type { Clusters } from "./clusters.ts";
import { decideGet, type RunState, type Settled, type Situation } from "./decide.ts";
import { createPlacement } from "./placement.ts";
import { planDelete, planPut, type Plan } from "./plans.ts";
import { createRecords, type LastRun, type Loaded } from "./record.ts";
import { createResultOpener } from "./results.ts";
import { createRunStates } from "./run-state.ts";
import { createTelling } from "./telling.ts";

/** What a request comes to. */
export type Answer =
  | { readonly kind: "outputs"; readonly type: string; readonly outputs: Outputs; readonly run: LastRun }
  | {
      readonly kind: "progress" | "busy";
      readonly run: LastRun;
      readonly phase: string;
      readonly timeoutSeconds: number;
    }
  | { readonly kind: "failure"; readonly failure: Failure; readonly run: LastRun }
  | { readonly kind: "refused"; readonly code: "RES-107"; readonly problem: string }
  | { readonly kind: "gone" | "unknown" };

/** How long the caller would like to wait, and what it sent along. */
export interface Terms {
  readonly waitSeconds: number;
  readonly traceparent?: string | undefined;
}

export interface Resources {
  put(address: ResourceAddress, wanted: Wanted, terms: Terms): Promise<Answer>;
  delete(address: ResourceAddress, terms: Terms): Promise<Answer>;
  get(address: ResourceAddress): Promise<Answer>;
}

export interface ResourcesOptions {
  readonly bus: Bus;
  readonly keys: FrontDoorKeys;
  readonly clusters: Clusters;
  readonly logger: Logger;
  readonly now: () => Date;
}

/** A run that was requested longer ago than this and has no event was never placed, or its events are gone: it is lost. */
const lostAfterMilliseconds = 3600 * 1000;

const lost: RunState = {
  kind: "ended",
  result: {
    kind: "failed",
    failure: {
      reason: "lost",
      message: "Cannot say how the run ended: it has left no events. Send the request again to start a new run.",
    },
  },
  sealed: undefined,
};

type Looked = { readonly loaded: Loaded; readonly situation: Situation | undefined };

export function createResources({ bus, keys, clusters, logger, now }: ResourcesOptions): Resources {
  const records = createRecords(bus.records);
  const results = createResultOpener(keys);
  const states = createRunStates({ events: bus.events, results, logger });
  const placement = createPlacement({ bus, records, keys, now });
  const telling = createTelling(records, results);

  /** The resource's record and the state of its last run. */
  async function look(address: ResourceAddress, observed?: string): Promise<Looked> {
    const loaded = await records.load(address);
    const { record } = loaded;
    if (record === undefined) return { loaded, situation: undefined };
    const read = await states.read(record.run);
    const age = now().getTime() - Date.parse(record.run.requestedAt);
    const state = read.kind === "unplaced" && age > lostAfterMilliseconds ? lost : read;
    return { loaded, situation: { record, state, observed } };
  }

  /** Looks, decides and carries out, until there is an answer: again when another request or the run's end was faster. */
  async function handle(address: ResourceAddress, plan: Plan, { waitSeconds, traceparent }: Terms): Promise<Answer> {
    const until = AbortSignal.timeout(waitSeconds * 1000);
    let observed: string | undefined;
    for (;;) {
      const looked = await look(address, observed);
      const decision = await plan.decide(looked.situation);
      if (decision.kind === "place") {
        const wished = await plan.toWish(decision, looked.situation?.record);
        if (wished.kind === "refused") return wished;
        const placed = await placement.place({ ...wished.wish, address, traceparent }, looked.loaded);
        if (placed.kind === "conflict") continue;
        observed = placed.record.run.runId;
        if (waitSeconds === 0)
          return {
            kind: "progress",
            run: placed.record.run,
            phase: "requested",
            timeoutSeconds: placed.record.create.timeoutSeconds,
          };
      } else {
        const answer = await answerFor(address, looked, { decision, until });
        if (answer !== undefined) return answer;
        observed = looked.situation?.record.run.runId;
      }
    }
  }

  /** The answer that a decision other than a new run comes to; undefined when the run ended while the caller waited. */
  async function answerFor(
    address: ResourceAddress,
    { situation, loaded }: Looked,
    { decision, until }: { decision: Settled; until: AbortSignal },
  ): Promise<Answer | undefined> {
    if (situation === undefined) return { kind: decision.kind === "gone" ? "gone" : "unknown" };
    if (decision.kind === "progress" && (await hasEnded(address, situation, until))) return undefined;
    if (decision.kind === "gone") await records.forget(address, loaded.revision);
    const answer = await describe(address, situation, decision);
    if (answer.kind === "outputs" || answer.kind === "failure") await telling.note(address, situation, loaded);
    return answer;
  }

  /** Finishes a placing that was cut off, then waits for the run's end while there is time. */
  async function hasEnded(
    address: ResourceAddress,
    { record, state }: Situation,
    until: AbortSignal,
  ): Promise<boolean> {
    if (getPhase(state) === "requested") await placement.complete(address, record);
    if (until.aborted) return false;
    await states.waitForEnd(record.run, { after: state.kind === "live" ? state.sequence : 0, signal: until });
    return !until.aborted;
  }

  async function describe(address: ResourceAddress, situation: Situation, decision: Settled): Promise<Answer> {
    const { record, state } = situation;
    const { run, type, create } = record;
    switch (decision.kind) {
      case "busy":
      case "progress":
        return { kind: decision.kind, run, phase: getPhase(state), timeoutSeconds: create.timeoutSeconds };
      case "failure":
        return { kind: "failure", failure: decision.failure, run };
      case "outputs":
        return { kind: "outputs", type, outputs: await telling.findOutputs(address, situation, decision.from), run };
      case "gone":
      case "unknown":
        return { kind: decision.kind };
    }
  }

  return {
    put: (address, wanted, terms) => handle(address, planPut(wanted, { clusters, keys }), terms),
    delete: (address, terms) => handle(address, planDelete(clusters), terms),
    async get(address) {
      const { situation } = await look(address);
      return situation === undefined ? { kind: "unknown" } : describe(address, situation, decideGet(situation));
    },
  };
}

function getPhase(state: RunState): string {
  return state.kind === "live" ? state.phase : "requested";
}
