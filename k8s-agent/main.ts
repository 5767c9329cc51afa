/**
 * The agent: takes its cluster's requests and carries them out. Given a bus and a launcher; the adapters decide which.
 * Its stages, each a folder: announce, intake, launch (local), watch, control, logs (redact), collect, report, recover.
 */
import type { Bus, Lease } from "../src/bus/port.ts";
import type { Logger } from "../src/log.ts";
import type { AgentKeys } from "../src/sealing/keys.ts";
import type { Tracer } from "../src/tracer.ts";
import manifest from "../package.json" with { type: "json" };
import { announceAgent } from "./announce/announce.ts";
import { carryOut } from "./carry-out.ts";
import { takeRequests } from "./intake/intake.ts";
import { createTurns } from "./intake/turns.ts";
import type { Launcher } from "./launch/launcher.ts";
import { bufferLimits } from "./logs/chunk-buffer.ts";
import type { LogObserver } from "./logs/log-writer.ts";
import { createReadAheadBudget } from "./logs/read-ahead-budget.ts";
import { keepSweeping, sweep } from "./recover/sweep.ts";
import { createBackoff } from "./report/backoff.ts";
import type { EventObserver } from "./report/event-writer.ts";
import { createHeldRuns } from "./watch/held-runs.ts";

export interface AgentOptions {
  readonly bus: Bus;
  readonly launcher: Launcher;
  readonly keys: AgentKeys;
  readonly cluster: string;
  /** This replica's name, unlike any other's. */
  readonly agent: string;
  /** Runs at once in this replica. */
  readonly capacity: number;
  readonly graceSeconds: number;
  /** How long what a failed run has left is kept, for a person to look at; left out: not at all. */
  readonly keepFailedSeconds?: number;
  readonly logger: Logger;
  readonly now: () => Date;
  readonly random: () => number;
  readonly observer?: AgentObserver | undefined;
  readonly tracer?: Tracer | undefined;
}

/** Is told what the agent does, for metrics. */
export interface AgentObserver extends EventObserver, LogObserver {
  /** A request was taken, for the so many-th time; call what it returns when this replica is done with it. */
  requestTaken(request: { readonly deliveries: number }): () => void;
}

export interface Agent {
  /** Rejects when the agent can't go on; never resolves. */
  readonly failed: Promise<never>;
  /**
   * Takes nothing more and lets go of the runs that it holds: their workloads go on, and another replica adopts them.
   * With `cancelRuns`, stops them first and waits until that is reported: for when there is no other replica.
   */
  stop(options?: { cancelRuns?: boolean }): Promise<void>;
}

/** Whoever stops the only server waits for it at a terminal: less than the grace of a run that is stopped elsewhere. */
const shutdownGraceSeconds = 10;

export function startAgent(options: AgentOptions): Agent {
  const intake = new AbortController();
  const letGo = new AbortController();
  const logger = options.logger.child({ component: "agent", cluster: options.cluster });
  const held = createHeldRuns((error) => logger.error({ err: error }, "Could not stop a run"));
  const turns = createTurns();
  const readAheadBudget = createReadAheadBudget(bufferLimits);
  const { bus, cluster, launcher, capacity, keepFailedSeconds = 0 } = options;
  const backoff = createBackoff({ signal: intake.signal, random: options.random });
  const sweeping = { ...options, events: bus.events, keepFailedSeconds, backoff, logger, signal: intake.signal };

  async function work(): Promise<void> {
    await sweepBefore(intake.signal);
    logger.info({ launcher: launcher.name, capacity }, "The agent takes requests");
    const handle = (lease: Lease) => {
      const done = options.observer?.requestTaken(lease);
      const shared = { held, turns, readAheadBudget };
      return carryOut(lease, { ...options, keepFailedSeconds, logger, signal: letGo.signal, ...shared }).finally(done);
    };
    const about = { cluster, agent: options.agent, version: manifest.version, launcher: launcher.name, capacity };
    await Promise.all([
      takeRequests({ requests: bus.requests, cluster, capacity, handle, signal: intake.signal }),
      announceAgent({ ...options, agents: bus.agents, about, logger, signal: intake.signal }),
      keepSweeping(sweeping),
    ]);
  }

  /** First of all, as runs that come again must find their own workloads and nothing else. */
  async function sweepBefore(signal: AbortSignal): Promise<void> {
    try {
      await sweep(sweeping);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  const finished = work();
  return {
    failed: new Promise((_, reject) => void finished.catch(reject)),
    async stop({ cancelRuns = false } = {}) {
      intake.abort();
      const message = "Cannot finish the run: the server that ran it was stopped";
      const graceSeconds = Math.min(options.graceSeconds, shutdownGraceSeconds);
      if (cancelRuns) await held.stopAll({ reason: "cancelled", message }, { graceSeconds });
      else letGo.abort();
      await finished;
    },
  };
}
