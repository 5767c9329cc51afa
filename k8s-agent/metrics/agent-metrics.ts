/** What this replica takes, carries out and reports. Labels have few values: never a run, a resource, a namespace or a name. */
import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import { failureReasons } from "../../src/contract/errors.ts";
import { terminalPhases, type TerminalPhase } from "../../src/contract/events.ts";
import { Action } from "../../src/contract/run.ts";
import type { LogObserver } from "../logs/log-writer.ts";
import type { AgentObserver } from "../main.ts";
import type { EventObserver, StoredEvent } from "../report/event-writer.ts";

/** From a script that ends at once to a day; runs have an hour unless they ask for more. */
const runBuckets = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600, 86_400];

export function createAgentMetrics(registry: Registry, { capacity }: { capacity: number }): AgentObserver {
  return {
    ...createIntakeMetrics(registry, capacity),
    ...createEventMetrics(registry),
    ...createLogMetrics(registry),
  };
}

function createIntakeMetrics(registry: Registry, capacity: number): Pick<AgentObserver, "requestTaken"> {
  const registers = [registry];
  const taken = new Counter({
    name: "container_driver_requests_taken_total",
    help: "Run requests that this replica took from the queue, redelivered ones among them.",
    registers,
  });
  const redelivered = new Counter({
    name: "container_driver_requests_redelivered_total",
    help: "Requests taken that a replica had held before: it was stopped, died, or gave them back.",
    registers,
  });
  const held = new Gauge({ name: "container_driver_runs_held", help: "Runs that this replica holds.", registers });
  const most = new Gauge({
    name: "container_driver_runs_capacity",
    help: "Runs that this replica may hold at once.",
    registers,
  });
  most.set(capacity);
  return {
    requestTaken({ deliveries }) {
      taken.inc();
      if (deliveries > 1) redelivered.inc();
      held.inc();
      return () => held.dec();
    },
  };
}

function createEventMetrics(registry: Registry): EventObserver {
  const registers = [registry];
  const queueWait = new Histogram({
    name: "container_driver_run_queue_wait_seconds",
    help: "From a run's placing until an agent took it.",
    buckets: runBuckets,
    registers,
  });
  const phases = new Histogram({
    name: "container_driver_run_phase_duration_seconds",
    help: "How long runs were in a phase that they have left. A phase that another replica saw begin counts if that is known.",
    labelNames: ["phase"],
    buckets: runBuckets,
    registers,
  });
  const runs = new Histogram({
    name: "container_driver_run_duration_seconds",
    help: "From a run's placing to its end.",
    labelNames: ["action", "result"],
    buckets: runBuckets,
    registers,
  });
  const ended = createEndCounter(registry);
  const adopted = new Counter({
    name: "container_driver_runs_adopted_total",
    help: "Runs that this replica took over from another, or from itself before a restart.",
    registers,
  });
  const warnings = new Counter({
    name: "container_driver_run_warnings_total",
    help: "Warnings that runs were given.",
    registers,
  });
  return {
    eventStored({ kind, action, time, requestedAt, reason, left }) {
      const since = (start: Date) => Math.max(0, time.getTime() - start.getTime()) / 1000;
      // What came before `accepted` is the wait in the queue.
      if (left !== undefined && left.phase !== "requested") phases.observe({ phase: left.phase }, since(left.since));
      if (kind === "accepted" && requestedAt !== undefined) queueWait.observe(since(requestedAt));
      if (kind === "adopted") adopted.inc();
      if (kind === "warned") warnings.inc();
      if (!isEnd(kind)) return;
      ended.inc(describeEnd({ action, result: kind, reason }));
      if (requestedAt !== undefined) runs.observe({ action, result: kind }, since(requestedAt));
    },
  };
}

/** Every way to end is there from the start: of a counter that appears with its first run, that run would be missed. */
function createEndCounter(registry: Registry): Counter<"action" | "result" | "reason"> {
  const counter = new Counter({
    name: "container_driver_runs_ended_total",
    help: "Runs that this replica reported the end of; reason is empty for those that succeeded.",
    labelNames: ["action", "result", "reason"],
    registers: [registry],
  });
  for (const action of Action.options) {
    counter.inc({ action, result: "succeeded", reason: "" }, 0);
    counter.inc({ action, result: "cancelled", reason: "cancelled" }, 0);
    for (const reason of failureReasons)
      if (reason !== "cancelled") counter.inc({ action, result: "failed", reason }, 0);
  }
  return counter;
}

function isEnd(kind: string): kind is TerminalPhase {
  return (terminalPhases as readonly string[]).includes(kind);
}

function describeEnd({
  action,
  result,
  reason = "",
}: { result: TerminalPhase } & Pick<StoredEvent, "action" | "reason">) {
  // A word of nobody's list would be a label without bounds.
  const known = result === "succeeded" || (failureReasons as readonly string[]).includes(reason);
  return { action, result, reason: known ? reason : "other" };
}

function createLogMetrics(registry: Registry): LogObserver {
  const registers = [registry];
  const bytes = new Counter({
    name: "container_driver_log_bytes_total",
    help: "Bytes of runs' logs that were stored, secrets masked.",
    registers,
  });
  const chunks = new Counter({
    name: "container_driver_log_chunks_total",
    help: "Chunks of runs' logs that were stored.",
    registers,
  });
  const gaps = new Counter({
    name: "container_driver_log_gaps_total",
    help: "Places in runs' logs where something could not be read.",
    registers,
  });
  const missing = new Counter({
    name: "container_driver_log_missing_bytes_total",
    help: "Bytes that are missing in those gaps whose size is known.",
    registers,
  });
  return {
    chunkStored({ bytes: size, gap }) {
      chunks.inc();
      bytes.inc(size);
      if (gap === undefined) return;
      gaps.inc();
      missing.inc(gap.bytes ?? 0);
    },
  };
}
