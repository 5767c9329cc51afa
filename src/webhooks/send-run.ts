/** Tells a run's undelivered events, one after the other, up to the first one that can't be delivered now. */
import type { Bus, Entry } from "../bus/port.ts";
import type { RunAddress } from "../contract/names.ts";
import type { Logger } from "../log.ts";
import { readEvent, type ToldEvent } from "../runs/read-event.ts";
import { deliver, type Outcome, type Post } from "./deliver.ts";
import type { WebhooksObserver } from "./observer.ts";
import type { Pending } from "./outbox-state.ts";
import type { OutboxStore } from "./outbox-store.ts";
import { choosePause } from "./retry.ts";
import { isWanted, type Subscription } from "./subscription.ts";

export interface SendOptions {
  readonly bus: Pick<Bus, "events">;
  readonly address: RunAddress;
  readonly to: Subscription;
  readonly post: Post;
  readonly store: Pick<OutboxStore, "park">;
  /** Its name. */
  readonly subscription: string;
  readonly logger: Logger;
  readonly observer: WebhooksObserver;
  readonly now: () => Date;
  readonly random: () => number;
  readonly signal: AbortSignal;
  readonly changed: () => void;
  readonly retryPauses?: readonly number[] | undefined;
  readonly timeoutMilliseconds?: number | undefined;
}

/** For all that is read and told in one go; what is left then is told in the next one. */
const mostMilliseconds = 120_000;

/** Moves `pending` on. Rejects when an event that is given up can't be parked; then it is tried once more. */
export async function sendRun(pending: Pending, options: SendOptions): Promise<void> {
  const { bus, address, signal } = options;
  const before = pending.after;
  const end = AbortSignal.any([signal, AbortSignal.timeout(mostMilliseconds)]);
  for await (const entry of bus.events.follow(address, { after: pending.after, signal: end })) {
    if (entry.sequence > pending.until) break;
    if (!(await tell(entry, pending, options))) return;
    if (pending.after >= pending.until) return;
  }
  if (signal.aborted || (end.aborted && pending.after > before)) return;
  // Rejects where the broker is away: then nothing was read, and nothing is lost.
  const last = await bus.events.last(address);
  // What was to be told is not there any more: the stream's limits took it.
  if (!end.aborted || last === undefined || last.sequence < pending.until) pending.after = pending.until;
  options.changed();
}

/** False: it has to be tried again later. */
async function tell(entry: Entry, pending: Pending, options: SendOptions): Promise<boolean> {
  const event = readEvent(entry, options.address);
  if (!event.ok || !isWanted(options.to, event.value)) return goOn(pending, entry, options);
  const delivery = { address: options.address, sequence: entry.sequence, event: event.value };
  pending.since = Date.parse(event.value.time);
  const begun = performance.now();
  const outcome = await deliver(options.to, delivery, options);
  const { subscription, observer } = options;
  const settle = (how: "delivered" | "parked") => {
    const delaySeconds = Math.max(0, options.now().getTime() - Date.parse(event.value.time)) / 1000;
    // First: were it not counted, it would be told again.
    const settled = goOn(pending, entry, options);
    observer.settled({ subscription, outcome: how, delaySeconds });
    return settled;
  };
  // One that was broken off, as the program ends, says nothing of the target.
  if (outcome.kind === "delivered" || !options.signal.aborted)
    observer.tried({ subscription, outcome: outcome.kind, seconds: (performance.now() - begun) / 1000 });
  if (outcome.kind === "delivered") return settle("delivered");
  // Not the target's fault: the next program tries it.
  if (options.signal.aborted) return false;
  const pauseMilliseconds = choosePauseAfter(outcome, pending, options);
  if (pauseMilliseconds !== undefined) {
    pending.attempts++;
    pending.at = options.now().getTime() + pauseMilliseconds;
    options.changed();
    const seconds = Math.round(pauseMilliseconds / 1000);
    const fields = { runId: options.address.runId, problem: outcome.problem, attempts: pending.attempts, seconds };
    options.logger.warn(fields, "A webhook was not delivered; it is tried again");
    return false;
  }
  await park(entry, event.value, { pending, problem: outcome.problem, options });
  return settle("parked");
}

function choosePauseAfter(
  outcome: Exclude<Outcome, { kind: "delivered" }>,
  { attempts }: Pending,
  { random, retryPauses: pauses }: SendOptions,
): number | undefined {
  if (outcome.kind === "gone") return undefined;
  return choosePause(attempts + 1, { random, pauses, retryAfterSeconds: outcome.retryAfterSeconds });
}

function goOn(pending: Pending, { sequence }: Entry, { changed }: SendOptions): true {
  Object.assign(pending, { after: sequence, attempts: 0, at: 0 });
  // When the next one happened is seen when it is read.
  delete pending.since;
  changed();
  return true;
}

async function park(
  { sequence }: Entry,
  { type }: ToldEvent,
  { pending, problem, options }: { pending: Pending; problem: string; options: SendOptions },
): Promise<void> {
  const { address, now, logger } = options;
  const parked = { runId: address.runId, sequence, type, at: now().toISOString(), problem };
  await options.store.park({ ...parked, attempts: pending.attempts + 1 });
  logger.error({ runId: address.runId, sequence, problem }, "A webhook was given up and parked");
}
