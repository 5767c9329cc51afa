/**
 * One run, from its request to the acknowledgement: opened, taken, launched, watched while its log flows, reported.
 * Whoever gets the same request again, after a replica died at any of these steps, goes through the same steps and finds
 * done what is done. A replica that is fenced lets go at once and touches nothing.
 */
import type { Bus, Lease } from "../src/bus/port.ts";
import { isTerminal, type RunResult } from "../src/contract/events.ts";
import { limits } from "../src/contract/limits.ts";
import type { Run } from "../src/contract/run.ts";
import type { Logger } from "../src/log.ts";
import type { AgentKeys } from "../src/sealing/keys.ts";
import { decideOutcome } from "./collect/decide-outcome.ts";
import { keepLease } from "./intake/lease-keeper.ts";
import { openLease } from "./intake/open-lease.ts";
import type { Ended, Launcher } from "./launch/launcher.ts";
import { publishLog, type LogEnd } from "./logs/publish-log.ts";
import { buildPatterns, type Patterns } from "./redact/patterns.ts";
import { redactText } from "./redact/redact-text.ts";
import { collectSecrets } from "./redact/secrets.ts";
import { createBackoff, type Backoff } from "./report/backoff.ts";
import { refuseRequest } from "./report/refuse-request.ts";
import { Fenced, openRunReporter, type RunReporter } from "./report/run-reporter.ts";
import type { HeldRuns } from "./watch/held-runs.ts";
import { createStopper, type Stopper } from "./watch/stopper.ts";

export interface CarryOutOptions {
  readonly bus: Bus;
  readonly launcher: Launcher;
  readonly keys: AgentKeys;
  /** This replica's name. */
  readonly agent: string;
  /** Between SIGTERM and SIGKILL when a run is stopped. */
  readonly graceSeconds: number;
  readonly logger: Logger;
  readonly now: () => Date;
  readonly random: () => number;
  /** Lets go of everything when it aborts; workloads go on, and another replica adopts them. */
  readonly signal: AbortSignal;
  /** The runs that this replica holds, for whoever wants to stop one. */
  readonly held: HeldRuns;
}

/** Carries one request out. Never rejects: what goes wrong is reported, logged, or left to the next delivery. */
export async function carryOut(lease: Lease, options: CarryOutOptions): Promise<void> {
  const { runId } = lease.address;
  const logger = options.logger.child({ runId });
  const stopRenewing = keepLease(lease, logger);
  try {
    await handle(lease, { ...options, logger });
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
  } finally {
    stopRenewing();
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

async function handle(lease: Lease, options: CarryOutOptions): Promise<void> {
  const backoff = createBackoff(options);
  const opened = await openLease(lease, options);
  if (!opened.ok) {
    options.logger.error({ problem: opened.problem }, "Refused a request");
    await refuseRequest({ ...options, lease, backoff, problem: opened.problem, order: opened.order });
    return lease.finish();
  }
  const run = opened.value;
  const { values, warnings } = collectSecrets(run.inputs);
  const patterns = buildPatterns(values);
  const reporter = await openRunReporter({
    ...options,
    events: options.bus.events,
    order: run.order,
    redactText: (text) => redactText(text, patterns),
    backoff,
  });
  if (reporter.phase === undefined || !isTerminal(reporter.phase)) {
    const begun = reporter.phase !== undefined && reporter.phase !== "requested";
    await reporter.take();
    if (!begun) for (const warning of warnings) await reporter.warn(warning);
    await reporter.end(await execute(run, { ...options, reporter, patterns, backoff }));
  }
  // The terminal event is stored: only now may the request go, and after it what is left of the workload.
  await backoff(
    () => lease.finish(),
    () => !options.signal.aborted,
  );
  await options.launcher.remove(run.order.runId);
}

type Execution = CarryOutOptions & {
  readonly reporter: RunReporter;
  readonly patterns: Patterns;
  readonly backoff: Backoff;
};

/** Launches the run's workload, or finds it, and follows it to its end. */
async function execute(run: Run, options: Execution): Promise<RunResult> {
  const { launcher, reporter } = options;
  // Once main was seen running its workload must be there: starting it anew would run it twice.
  const mustExist = reporter.phase === "running" || reporter.phase === "collecting";
  await reporter.enter("starting");
  const launched = await launcher.launch(run, { mustExist });
  if (launched.kind === "refused") return fail("launch-refused", launched.message);
  if (launched.kind === "missing") return fail("lost", "Cannot say how the run ended: its workload is gone");
  if (launched.kind === "launched") for (const warning of launched.warnings) await reporter.warn(warning);
  return follow(run, options);
}

function fail(reason: "launch-refused" | "lost", message: string): RunResult {
  return { kind: "failed", failure: { reason, message } };
}

/** Follows status and log side by side until both have ended. */
async function follow(run: Run, options: Execution): Promise<RunResult> {
  const { runId } = run.order;
  const { launcher, logger, now, held } = options;
  const onError = (error: unknown) => logger.error({ err: error }, "Could not stop a run");
  const stopper = createStopper({ launcher, runId, graceSeconds: options.graceSeconds, now, onError });
  const letGo = held.add(runId, stopper);
  const own = new AbortController();
  const signal = AbortSignal.any([options.signal, own.signal]);
  const work = [followLog(run, { ...options, signal }), followStatus(run, { ...options, stopper, signal })] as const;
  try {
    const [log, ended] = await Promise.all(work);
    return decideOutcome({ run, ended: redactEnded(ended, options.patterns), stopped: stopper.stopped, log });
  } finally {
    own.abort();
    stopper.close();
    letGo();
    // When one fails the other has to let go as well before somebody else takes over.
    await Promise.allSettled(work);
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
  { launcher, reporter, stopper, signal }: Execution & { stopper: Stopper },
): Promise<Ended> {
  const timeout = run.inputs.values.timeout ?? limits.defaultTimeoutSeconds;
  for await (const status of launcher.watch(run.order.runId, { signal })) {
    if (status.kind === "ended") return status;
    stopper.startDeadline(status.startedAt, timeout);
    if (status.kind === "running")
      await reporter.enter("running", status.commit === undefined ? {} : { commit: status.commit });
    if (status.kind === "collecting") await reporter.enter("collecting");
  }
  throw signal.reason;
}
