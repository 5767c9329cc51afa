/** All subscriptions' outboxes, of all clusters. */
import type { Logger } from "../log.ts";
import { runOutbox, type OutboxOptions } from "./run-outbox.ts";
import type { Subscriptions } from "./subscription.ts";

export interface WebhooksOptions extends Omit<OutboxOptions, "subscription" | "cluster" | "to" | "signal"> {
  readonly subscriptions: Subscriptions;
  readonly clusters: readonly string[];
  readonly logger: Logger;
}

export interface Webhooks {
  /** Rejects when it can't go on; never resolves. */
  readonly failed: Promise<never>;
  /** Resolves when what is under way has ended, and others may take over. */
  stop(): Promise<void>;
}

/** Begins to deliver. Any number of programs may do so at once: each outbox is one's. */
export function startWebhooks({ subscriptions, clusters, ...options }: WebhooksOptions): Webhooks {
  const ending = new AbortController();
  const outboxes = Object.entries(subscriptions).flatMap(([subscription, to]) =>
    clusters
      .filter((cluster) => to.clusters?.includes(cluster) ?? true)
      .map((cluster) => {
        const logger = options.logger.child({ component: "webhooks", subscription, cluster });
        return runOutbox({ ...options, subscription, cluster, to, logger, signal: ending.signal });
      }),
  );
  const all = Promise.all(outboxes);
  return {
    failed: new Promise((_, reject) => void all.catch(reject)),
    async stop() {
      ending.abort();
      await Promise.allSettled(outboxes);
    },
  };
}
