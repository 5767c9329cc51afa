/** What becomes of webhooks, by subscription: there are as many as an operator has configured. */
import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { Backlog, WebhooksObserver } from "../../../src/webhooks/observer.ts";

/** A try may take 15 seconds. */
const tryBuckets = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15];
/** What can't be delivered is tried for 18 hours. */
const delayBuckets = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600, 3600, 6 * 3600, 24 * 3600];

interface Outbox {
  readonly subscription: string;
  readonly readBacklog: () => Backlog;
}

export function createWebhooksMetrics(
  registry: Registry,
  { subscriptions, now }: { subscriptions: readonly string[]; now: () => Date },
): WebhooksObserver {
  const registers = [registry];
  const outboxes = new Set<Outbox>();
  const tries = new Histogram({
    name: "container_driver_webhook_try_duration_seconds",
    help: "POSTs to targets, by what came of them: delivered, failed (tried again or given up) or gone (410).",
    labelNames: ["subscription", "outcome"],
    buckets: tryBuckets,
    registers,
  });
  const events = new Counter({
    name: "container_driver_webhook_events_total",
    help: "Events that are done with: delivered, or parked after the last try.",
    labelNames: ["subscription", "outcome"],
    registers,
  });
  for (const subscription of subscriptions)
    for (const outcome of ["delivered", "parked"]) events.inc({ subscription, outcome }, 0);
  const delays = new Histogram({
    name: "container_driver_webhook_event_delay_seconds",
    help: "From when an event happened until it was delivered.",
    labelNames: ["subscription"],
    buckets: delayBuckets,
    registers,
  });
  describeBacklog(registry, { subscriptions, outboxes, now });

  return {
    tried: ({ subscription, outcome, seconds }) => tries.observe({ subscription, outcome }, seconds),
    settled({ subscription, outcome, delaySeconds }) {
      events.inc({ subscription, outcome });
      if (outcome === "delivered") delays.observe({ subscription }, delaySeconds);
    },
    outboxHeld(outbox) {
      outboxes.add(outbox);
      return () => void outboxes.delete(outbox);
    },
  };
}

interface Held {
  readonly subscriptions: readonly string[];
  readonly outboxes: ReadonlySet<Outbox>;
  readonly now: () => Date;
}

/** What is read when somebody asks. */
function describeBacklog(registry: Registry, { subscriptions, outboxes, now }: Held): void {
  const gauge = (name: string, help: string, compute: (backlogs: readonly Backlog[]) => number) =>
    new Gauge({
      name,
      help,
      labelNames: ["subscription"],
      registers: [registry],
      collect() {
        for (const subscription of subscriptions) {
          const own = [...outboxes].filter((outbox) => outbox.subscription === subscription);
          this.set({ subscription }, compute(own.map(({ readBacklog }) => readBacklog())));
        }
      },
    });
  gauge(
    "container_driver_webhook_outboxes_held",
    "Outboxes that this replica delivers from, one for each cluster. Over all replicas, no subscription may be without.",
    (backlogs) => backlogs.length,
  );
  gauge(
    "container_driver_webhook_runs_pending",
    "Runs with undelivered events, in the outboxes that this replica holds.",
    (backlogs) => backlogs.reduce((sum, { runs }) => sum + runs, 0),
  );
  gauge(
    "container_driver_webhook_oldest_seconds",
    "How long ago the oldest undelivered event happened, in the outboxes that this replica holds; 0: there is none.",
    (backlogs) => {
      const times = backlogs.flatMap(({ oldest }) => oldest ?? []);
      return times.length === 0 ? 0 : Math.max(0, now().getTime() - Math.min(...times)) / 1000;
    },
  );
}
