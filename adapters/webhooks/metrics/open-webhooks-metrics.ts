/** The metrics of the program that delivers webhooks, all of them. */
import type { WebhooksObserver } from "../../../src/webhooks/observer.ts";
import { createBrokerMetrics, type BrokerMetrics } from "../../node/metrics/broker-metrics.ts";
import { answerMetrics, createRegistry, type MetricsSource } from "../../node/metrics/registry.ts";
import { version } from "../../node/version.ts";
import { createWebhooksMetrics } from "./webhooks-metrics.ts";

export interface WebhooksMetrics extends MetricsSource {
  readonly webhooks: WebhooksObserver;
  readonly broker: BrokerMetrics;
}

export function openWebhooksMetrics(subscriptions: readonly string[]): WebhooksMetrics {
  const registry = createRegistry({ program: "webhooks", version });
  return {
    webhooks: createWebhooksMetrics(registry, { subscriptions, now: () => new Date() }),
    broker: createBrokerMetrics(registry),
    fetch: (request) => answerMetrics(request, registry),
  };
}
