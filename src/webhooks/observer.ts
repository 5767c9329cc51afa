/** Whoever counts what becomes of webhooks. */
export interface WebhooksObserver {
  /** An event was sent once; `gone`: the target doesn't want to hear of it any more. */
  tried(one: { subscription: string; outcome: "delivered" | "failed" | "gone"; seconds: number }): void;
  /** An event is done with; `delaySeconds`: since it happened, by two machines' clocks. */
  settled(one: { subscription: string; outcome: "delivered" | "parked"; delaySeconds: number }): void;
  /** This program delivers from an outbox, until it calls what it gets back. */
  outboxHeld(outbox: { subscription: string; readBacklog: () => Backlog }): () => void;
}

export interface Backlog {
  /** Runs with events that are not delivered yet. */
  readonly runs: number;
  /** When the oldest of those events happened, milliseconds since 1970, as far as that is known. */
  readonly oldest: number | undefined;
}

export const noObserver: WebhooksObserver = {
  tried: () => undefined,
  settled: () => undefined,
  outboxHeld: () => () => undefined,
};
