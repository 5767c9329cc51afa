/**
 * One run, from its request to the acknowledgement: opened, taken, launched, watched while its log flows, reported.
 * Whoever gets the same request again, after a replica died at any of these steps, goes through the same steps and finds
 * done what is done. A replica that is fenced lets go at once and touches nothing.
 */
import type { Bus, Lease } from "../src/bus/port.ts";
import { isTerminal } from "../src/contract/events.ts";
import type { RunOrder } from "../src/contract/run.ts";
import type { Logger } from "../src/log.ts";
import type { AgentKeys } from "../src/sealing/keys.ts";
import type { Tracer } from "../src/tracer.ts";
import { createCancels } from "./control/cancels.ts";
import { execute } from "./execute.ts";
import { keepLease, type LeaseKeeper } from "./intake/lease-keeper.ts";
import { openLease } from "./intake/open-lease.ts";
import type { Turns } from "./intake/turns.ts";
import type { Launcher } from "./launch/launcher.ts";
import type { LogObserver } from "./logs/log-writer.ts";
import type { ReadAheadBudget } from "./logs/read-ahead-budget.ts";
import { buildPatterns } from "./redact/patterns.ts";
import { redactText } from "./redact/redact-text.ts";
import { collectSecrets } from "./redact/secrets.ts";
import { createBackoff } from "./report/backoff.ts";
import type { EventObserver } from "./report/event-writer.ts";
import { refuseRequest } from "./report/refuse-request.ts";
import { Fenced, openRunReporter, type RunReporter } from "./report/run-reporter.ts";
import { recordRun } from "./trace/record-run.ts";
import { joinTrace, type RunTrace } from "./trace/run-trace.ts";
import type { HeldRuns } from "./watch/held-runs.ts";

export interface CarryOutOptions {
  readonly bus: Bus;
  readonly launcher: Launcher;
  readonly keys: AgentKeys;
  /** This replica's name. */
  readonly agent: string;
  /** Between SIGTERM and SIGKILL when a run is stopped. */
  readonly graceSeconds: number;
  /** How long what a failed run has left is kept; left out: not at all. `recover` removes it then. */
  readonly keepFailedSeconds?: number;
  readonly logger: Logger;
  readonly now: () => Date;
  readonly random: () => number;
  /** Lets go of everything when it aborts; workloads go on, and another replica adopts them. */
  readonly signal: AbortSignal;
  /** The runs that this replica holds, for whoever wants to stop one. */
  readonly held: HeldRuns;
  /** By run id: a request that comes twice to this replica waits for itself. */
  readonly turns: Turns;
  /** How much of all logs may wait for the broker. */
  readonly readAheadBudget: ReadAheadBudget;
  readonly observer?: (EventObserver & LogObserver) | undefined;
  /** Left out: a run's trace is handed on to main, and nothing recorded. */
  readonly tracer?: Tracer | undefined;
}

/** Carries one request out. Never rejects: what goes wrong is reported, logged, or left to the next delivery. */
export async function carryOut(lease: Lease, options: CarryOutOptions): Promise<void> {
  const { runId } = lease.address;
  const logger = options.logger.child({ runId });
  const keeper = keepLease(lease, logger);
  try {
    // The broker may have forgotten that we have it, or somebody sent it again: two of us would fence each other.
    await options.turns.take(runId, () => handle(lease, { ...options, logger, keeper })).finally(keeper.stop);
  } catch (error) {
    if (error instanceof Fenced) logger.warn({ err: error }, "Stood down from a run");
    else if (options.signal.aborted) await giveBack(lease, { logger, delay: 0 });
    else {
      logger.error(
        { err: error, delivery: lease.deliveries },
        "A run could not be carried on; its request will come again",
      );
      await giveBack(lease, { logger, delay: Math.min(1000 * 2 ** lease.deliveries, 60_000) });
    }
  }
}

async function giveBack(lease: Lease, { logger, delay }: { logger: Logger; delay: number }): Promise<void> {
  try {
    await lease.release(delay);
  } catch (error) {
    // It comes back by itself when the lease runs out.
    logger.warn({ err: error }, "Could not give a request back");
  }
}

async function handle(lease: Lease, given: CarryOutOptions & { keeper: LeaseKeeper }): Promise<void> {
  given.signal.throwIfAborted();
  const backoff = createBackoff(given);
  const opened = await openLease(lease, given);
  // It may be as large as a message can be, and nobody reads it again, for as long as the run lasts.
  lease.data = new Uint8Array();
  if (!opened.ok) {
    given.logger.error({ problem: opened.problem }, "Refused a request");
    const { problem, order } = opened;
    await refuseRequest({ ...given, lease, backoff, problem, order });
    if (order !== undefined) await recordSpans(order, { ...given, lease, trace: joinTrace(order, given.tracer) });
    return lease.finish();
  }
  const run = opened.value;
  const trace = joinTrace(run.order, given.tracer);
  const { traceId } = trace;
  const options = traceId === undefined ? given : { ...given, logger: given.logger.child({ traceId }) };
  const { values, warnings } = collectSecrets(run.inputs);
  const patterns = buildPatterns(values);
  const reporter = await openRunReporter({
    ...options,
    events: options.bus.events,
    order: run.order,
    delivery: lease.deliveries,
    traceparent: trace.traceparent,
    redactText: (text) => redactText(text, patterns),
    backoff,
  });
  if (reporter.phase === undefined || !isTerminal(reporter.phase)) {
    const begun = reporter.phase !== undefined && reporter.phase !== "requested";
    await reporter.take();
    if (!begun) for (const warning of warnings) await reporter.warn(warning);
    const cancels = createCancels({
      ...options,
      controls: options.bus.controls,
      trusted: options.keys.trusted,
      address: run.order,
    });
    await reporter.end(await execute(run, { ...options, lease, reporter, patterns, backoff, cancels, trace }));
    trace.moments.stored = options.now();
  }
  // The terminal event is stored: only now may the workload go, and the request last, for whoever tidies up after a crash.
  await Promise.all([
    recordSpans(run.order, { ...options, lease, trace }),
    tidyUp(run.order.runId, { ...options, reporter }),
  ]);
  await backoff(
    () => lease.finish(),
    () => !options.signal.aborted,
  );
}

function recordSpans(
  order: RunOrder,
  options: CarryOutOptions & { readonly lease: Lease; readonly trace: RunTrace },
): Promise<void> {
  const { bus, launcher, lease, tracer } = options;
  const about = { events: bus.events, launcher: launcher.name, delivery: lease.deliveries };
  return recordRun(order, { ...options, ...about, tracer });
}

async function tidyUp(runId: string, options: CarryOutOptions & { reporter: RunReporter }): Promise<void> {
  if (!(await isKept(runId, options))) await removeWorkload(runId, options);
}

/** A failed run's workload is left for a person to look at, but nothing of it goes on. */
async function isKept(
  runId: string,
  { keepFailedSeconds = 0, launcher, graceSeconds, reporter, logger }: CarryOutOptions & { reporter: RunReporter },
): Promise<boolean> {
  if (keepFailedSeconds === 0 || reporter.phase !== "failed") return false;
  try {
    // Whoever isn't found by its Job is found by nobody later.
    if (!(await launcher.list()).includes(runId)) return false;
    await launcher.stop(runId, { graceSeconds });
    return true;
  } catch (error) {
    logger.error({ err: error }, "Could not keep the workload of a run that has failed");
    return false;
  }
}

/** What can't be removed now is found by the next replica that starts, and mustn't hold up the queue until then. */
async function removeWorkload(runId: string, { launcher, logger }: CarryOutOptions): Promise<void> {
  try {
    await launcher.remove(runId);
  } catch (error) {
    logger.error({ err: error }, "Could not remove the workload of a run that has ended");
  }
}
