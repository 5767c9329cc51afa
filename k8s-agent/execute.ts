/** A run's workload, from its launch to the outcome: watched while its log flows, stopped when its time is over. */
import type { Bus, Lease } from "../src/bus/port.ts";
import type { RunResult } from "../src/contract/events.ts";
import { limits } from "../src/contract/limits.ts";
import type { Run } from "../src/contract/run.ts";
import type { Logger } from "../src/log.ts";
import { decideOutcome } from "./collect/decide-outcome.ts";
import type { Cancel, Cancels } from "./control/cancels.ts";
import type { LeaseKeeper } from "./intake/lease-keeper.ts";
import type { Ended, Launched, Launcher } from "./launch/launcher.ts";
import type { LogObserver } from "./logs/log-writer.ts";
import { publishLog, type LogEnd } from "./logs/publish-log.ts";
import type { ReadAheadBudget } from "./logs/read-ahead-budget.ts";
import type { Patterns } from "./redact/patterns.ts";
import { redactText } from "./redact/redact-text.ts";
import { createBackoff, type Backoff } from "./report/backoff.ts";
import { Fenced, type RunReporter } from "./report/run-reporter.ts";
import type { HeldRuns } from "./watch/held-runs.ts";
import type { RunTrace } from "./trace/run-trace.ts";
import { createStopper, type Stopper } from "./watch/stopper.ts";

export interface Execution {
  readonly bus: Bus;
  readonly launcher: Launcher;
  readonly lease: Lease;
  readonly keeper: LeaseKeeper;
  readonly reporter: RunReporter;
  readonly patterns: Patterns;
  readonly backoff: Backoff;
  readonly graceSeconds: number;
  readonly logger: Logger;
  readonly now: () => Date;
  readonly random: () => number;
  readonly signal: AbortSignal;
  readonly held: HeldRuns;
  readonly cancels: Cancels;
  /** What main is told of the run's trace, and the moments that its spans need. */
  readonly trace: Pick<RunTrace, "main" | "moments">;
  readonly readAheadBudget: ReadAheadBudget;
  readonly observer?: LogObserver | undefined;
}

/** How often a request may come before trouble with it ends its run: a few minutes, as it comes later each time. */
export const mostDeliveries = 10;

/**
 * Launches the run's workload, or finds it, and follows it to its end. Rejects with `Fenced` when the run isn't ours any
 * more, with the signal's reason when it aborts, and for trouble that may pass.
 */
export async function execute(run: Run, options: Execution): Promise<RunResult> {
  const { lease, reporter, signal } = options;
  try {
    return await launchAndFollow(run, options);
  } catch (error) {
    if (error instanceof Fenced || signal.aborted || lease.deliveries < mostDeliveries) throw error;
    options.logger.error({ err: error, delivery: lease.deliveries }, "Gave a run up");
    // A disk that stays full, or a mistake of ours: its caller must hear of it, and others have to have their turn.
    const what = reporter.phase === "starting" ? "Cannot start the run" : "Cannot say how the run ended";
    const message = `${what}: ${error instanceof Error ? error.message : String(error)} (given up after ${lease.deliveries} attempts)`;
    return fail(reporter.phase === "starting" ? "start-failed" : "lost", message);
  }
}

async function launchAndFollow(run: Run, options: Execution): Promise<RunResult> {
  const { reporter, trace } = options;
  const { phase } = reporter;
  // Once main was seen running its workload must be there: starting it anew would run it twice.
  const wasRunning = phase === "running" || phase === "collecting";
  const cancel = wasRunning ? undefined : await options.cancels.find();
  // Only a replica that has said so before it died may have launched anything.
  if (cancel !== undefined && phase !== "starting") return cancelUnlaunched(cancel);
  await reporter.enter("starting");
  const launched = await launchWhileHeld(run, { ...options, mustExist: wasRunning || cancel !== undefined });
  if (launched.kind === "refused") return failRefused(launched, options);
  if (launched.kind === "missing" && cancel !== undefined) return cancelUnlaunched(cancel);
  if (launched.kind === "missing") return fail("lost", "Cannot say how the run ended: its workload is gone");
  if (launched.kind === "launched") trace.moments.launched = options.now();
  if (launched.kind === "launched") for (const warning of launched.warnings) await reporter.warn(warning);
  return follow(run, options);
}

/**
 * Launching isn't fenced as events are: where it takes longer than the lease lasts, or this process was paused, another
 * replica may have carried out the whole run meanwhile and removed what would have been found.
 */
async function launchWhileHeld(run: Run, options: Execution & { mustExist: boolean }): Promise<Launched> {
  const { launcher, keeper, mustExist, trace } = options;
  const lapsed = new AbortController();
  const lapse = () => lapsed.abort(new Fenced(run.order.runId, "its lease has run out before it was launched"));
  const stopListening = keeper.onLapse(lapse);
  try {
    return await launcher.launch(run, {
      mustExist,
      signal: AbortSignal.any([options.signal, lapsed.signal]),
      throwIfLost() {
        if (!keeper.isHeld()) lapse();
        lapsed.signal.throwIfAborted();
      },
      trace: trace.main,
    });
  } finally {
    stopListening();
  }
}

/** Rejects where it may pass, for the request to come again: to this replica or to another, with a new token or new rights. */
async function failRefused(
  refused: Extract<Launched, { kind: "refused" }>,
  { lease: { deliveries }, reporter }: Execution,
): Promise<RunResult> {
  const { reason = "launch-refused", message, evidence, mayPass } = refused;
  if (mayPass && deliveries < mostDeliveries) {
    // Once: every later attempt would say the same.
    if (deliveries === 1) await reporter.warn(`${message}; it is tried again`);
    throw new Error(message);
  }
  const whole = mayPass ? `${message} (given up after ${deliveries} attempts)` : message;
  return { kind: "failed", failure: { reason, message: whole, ...(evidence && { evidence }) } };
}

function cancelUnlaunched({ message }: Cancel): RunResult {
  return { kind: "cancelled", failure: { reason: "cancelled", message: `${message} before it was started` } };
}

function fail(reason: "start-failed" | "lost", message: string): RunResult {
  return { kind: "failed", failure: { reason, message } };
}

/** Follows status and log side by side until both have ended. */
async function follow(run: Run, options: Execution): Promise<RunResult> {
  const { runId } = run.order;
  const { launcher, logger, now, random, held } = options;
  const own = new AbortController();
  const signal = AbortSignal.any([options.signal, own.signal]);
  const onError = (error: unknown) => logger.error({ err: error }, "Could not stop a run");
  const backoff = createBackoff({ signal, random });
  const stopper = createStopper({ launcher, runId, graceSeconds: options.graceSeconds, now, backoff, onError });
  const letGo = held.add(runId, stopper);
  const stopListening = options.keeper.onLapse(createQuestion(() => standDownIfLost(run, { ...options, own })));
  const stopping = stopWhenCancelled({ ...options, stopper, signal });
  const work = [followLog(run, { ...options, signal }), followStatus(run, { ...options, stopper, signal })] as const;
  try {
    const [log, ended] = await Promise.all(work);
    return decideOutcome({ run, ended: redactEnded(ended, options.patterns), stopped: stopper.stopped, log });
  } finally {
    stopListening();
    own.abort();
    stopper.close();
    letGo();
    // When one fails the other has to let go as well before somebody else takes over.
    await Promise.allSettled([...work, stopping]);
  }
}

/** Never rejects. */
async function stopWhenCancelled(options: Execution & { stopper: Stopper }): Promise<void> {
  const { cancels, stopper, logger, signal } = options;
  try {
    const cancel = await cancels.wait(signal);
    if (cancel === undefined) return;
    logger.info({ why: cancel.message }, "Stopping a run");
    await stopper.keepStopping(cancel);
  } catch (error) {
    if (!signal.aborted) logger.error({ err: error }, "Could not hear whether a run is to be stopped");
  }
}

/** Asks one at a time: one that waits for the broker is answered as things are when it is back. */
function createQuestion(ask: () => Promise<void>): () => void {
  let asking = false;
  return () => {
    if (asking) return;
    asking = true;
    void ask().finally(() => (asking = false));
  };
}

/** A main that says nothing leaves nothing to be refused: whether the run is still ours has to be asked. */
async function standDownIfLost(run: Run, options: Execution & { own: AbortController }): Promise<void> {
  try {
    if (!(await options.reporter.isHolder())) options.own.abort(new Fenced(run.order.runId));
  } catch (error) {
    options.logger.warn({ err: error }, "Could not tell whether a run was taken over");
  }
}

/**
 * Publishes the log to its end. Another writer of the log is not yet another holder of the run: a replica that was paused
 * may have stored one more chunk before its next event is refused. Then the log goes on behind that chunk.
 */
async function followLog(run: Run, options: Execution): Promise<Extract<LogEnd, { kind: "ended" }>> {
  for (;;) {
    const end = await publishLog({ ...options, address: run.order, journal: options.bus.logs });
    if (end.kind === "ended") return end;
    if (!(await options.reporter.isHolder())) throw new Fenced(run.order.runId);
  }
}

/** Before anything is cut to its limit: half of a secret isn't found. */
function redactEnded(ended: Ended, patterns: Patterns): Ended {
  const { cause, collected } = ended;
  const cleanCause = "message" in cause ? { ...cause, message: redactText(cause.message, patterns) } : cause;
  if (collected === undefined) return { ...ended, cause: cleanCause };
  const errorText = redactText(collected.errorText, patterns);
  return { ...ended, cause: cleanCause, collected: { ...collected, errorText } };
}

/** Reports each phase as the workload reaches it. */
async function followStatus(
  run: Run,
  { launcher, reporter, stopper, signal, trace }: Execution & { stopper: Stopper },
): Promise<Ended> {
  const timeout = run.inputs.values.timeout ?? limits.defaultTimeoutSeconds;
  for await (const status of launcher.watch(run.order.runId, { signal })) {
    if (status.kind === "ended") return status;
    if (status.kind === "warning") {
      await reporter.warn(status.message);
      continue;
    }
    stopper.startDeadline(status.startedAt, timeout);
    trace.moments.launched ??= new Date(status.startedAt);
    if (status.kind === "running") {
      const { mainStartedAt, commit, setup } = status;
      trace.moments.mainStarted = readLatest(mainStartedAt);
      const known = { ...(commit === undefined ? {} : { commit }), ...(setup === undefined ? {} : { setup }) };
      await reporter.enter("running", known);
    }
    if (status.kind === "collecting") await reporter.enter("collecting");
  }
  throw signal.reason;
}

/** Kubernetes has whole seconds: main was started within that second. */
function readLatest(time: string): Date {
  const at = new Date(time);
  return at.getMilliseconds() === 0 ? new Date(at.getTime() + 999) : at;
}
