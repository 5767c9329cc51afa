import type { Bus } from "../port.ts";
import { createMemoryAgents } from "./agents.ts";
import { createGate } from "./gate.ts";
import { createMemoryJournal } from "./journal.ts";
import { createMemoryRecords } from "./records.ts";
import { createMemoryRequests } from "./requests.ts";
import { schedule, type Schedule } from "./timers.ts";

export interface MemoryBusOptions {
  /** How long a lease lasts without being renewed; default 30 s. */
  readonly leaseMilliseconds?: number;
  /** How long an agent's announcement counts; default 60 s. */
  readonly announcementMilliseconds?: number;
  /** Events kept, of all runs; the oldest go first. Default 100,000. */
  readonly maxEvents?: number;
  /** Bytes of log kept, of all runs; the oldest go first. Default 64 MiB. */
  readonly maxLogBytes?: number;
  /** Largest payload, bytes. Default: what a NATS server with its default `max_payload` takes. */
  readonly maxMessageBytes?: number;
  /** The clock that entries are stored by, for tests. */
  readonly now?: () => Date;
  /** Timers, for tests. */
  readonly schedule?: Schedule;
}

/** Far more than are asked for while the runs that they are about last. */
const maxControls = 10_000;

/**
 * A bus for one process: nothing outlives it. Events and logs are bounded as above; records and queued requests are as
 * many as there are live resources and unfinished runs.
 *
 * @example
 * const bus = createMemoryBus();
 * await bus.requests.place({ cluster: "local", runId }, request);
 */
export function createMemoryBus(options: MemoryBusOptions = {}): Bus {
  const closing = new AbortController();
  const now = options.now ?? (() => new Date());
  const gate = createGate(closing.signal, options.maxMessageBytes ?? 1024 * 1024 - 1024);
  return {
    records: createMemoryRecords(gate),
    requests: createMemoryRequests(
      { leaseMilliseconds: options.leaseMilliseconds ?? 30_000, schedule: options.schedule ?? schedule },
      gate,
    ),
    events: createMemoryJournal("events", { limits: { entries: options.maxEvents ?? 100_000 }, gate, now }),
    logs: createMemoryJournal("logs", { limits: { bytes: options.maxLogBytes ?? 64 * 1024 * 1024 }, gate, now }),
    controls: createMemoryJournal("controls", { limits: { entries: maxControls }, gate, now }),
    agents: createMemoryAgents(
      {
        announcementMilliseconds: options.announcementMilliseconds ?? 60_000,
        schedule: options.schedule ?? schedule,
      },
      gate,
    ),
    async close() {
      closing.abort();
    },
  };
}
