/**
 * Delivers what one subscription is told of one cluster's runs: looks through the cluster's events as they come, notes the
 * runs that have something to tell, and tells it, several runs side by side, the events of each one after the other.
 */
import { pause } from "../bus/pause.ts";
import { BusUnavailable, type Bus, type HistoryEntry } from "../bus/port.ts";
import type { Logger } from "../log.ts";
import { readEvent, type ToldEvent } from "../runs/read-event.ts";
import { claimOutbox, usualTiming, type Timing } from "./claim-outbox.ts";
import { keepOutbox, type KeptOutbox } from "./keep-outbox.ts";
import { addPending, mostPending } from "./outbox-state.ts";
import { createOutboxStore, type OutboxAddress, type OutboxStore } from "./outbox-store.ts";
import { sendRun } from "./send-run.ts";
import type { Post } from "./deliver.ts";
import { noObserver, type Backlog, type WebhooksObserver } from "./observer.ts";
import { isWanted, type Subscription } from "./subscription.ts";

export interface OutboxOptions extends OutboxAddress {
  readonly bus: Pick<Bus, "events" | "records">;
  readonly to: Subscription;
  readonly post: Post;
  /** The name of this program, unlike any other's. */
  readonly holder: string;
  readonly logger: Logger;
  readonly observer?: WebhooksObserver | undefined;
  readonly now: () => Date;
  readonly random: () => number;
  /** Lets go of everything when it aborts. */
  readonly signal: AbortSignal;
  /** Other than usual, for tests: milliseconds. */
  readonly timing?: Timing | undefined;
  readonly retryPauses?: readonly number[] | undefined;
  readonly timeoutMilliseconds?: number | undefined;
}

/** Runs that are told of side by side. */
const mostAtOnce = 8;

/** Resolves when the signal aborts. */
export async function runOutbox(options: OutboxOptions): Promise<void> {
  const { bus, signal, timing = usualTiming, cluster, holder, subscription, logger } = options;
  const { observer = noObserver } = options;
  const store = createOutboxStore(bus.records, options);
  while (!signal.aborted) {
    const held = await claimOutbox({ store, events: bus.events, cluster, holder, timing, logger, signal });
    if (held === undefined) return;
    logger.info({}, "Delivers webhooks");
    const outbox = keepOutbox(held, { store, timing, signal });
    const end = AbortSignal.any([signal, outbox.lost]);
    const released = observer.outboxHeld({ subscription, readBacklog: () => readBacklog(outbox) });
    try {
      await Promise.all([
        noteEvents(outbox, options, end),
        sendAll(outbox, { ...options, store, observer, signal: end }),
      ]);
    } finally {
      released();
      await outbox.letGo();
    }
  }
}

function readBacklog({ runs }: KeptOutbox): Backlog {
  const times = [...runs.values()].flatMap(({ since }) => since ?? []);
  return {
    runs: runs.size,
    oldest: times.length === 0 ? undefined : times.reduce((one, other) => Math.min(one, other)),
  };
}

/** Notes what there is to tell. */
async function noteEvents(outbox: KeptOutbox, options: OutboxOptions, signal: AbortSignal): Promise<void> {
  const { bus, cluster } = options;
  for await (const entry of bus.events.followAll(cluster, { after: outbox.cursor, signal })) {
    const { runId } = entry.address;
    while (!outbox.runs.has(runId) && outbox.runs.size >= mostPending && !signal.aborted) await outbox.wait(60_000);
    if (signal.aborted) return;
    const { sequence } = entry;
    const event = readWanted(entry, options.to);
    if (event !== undefined)
      addPending(outbox.runs, { runId, after: sequence - 1, until: sequence, since: Date.parse(event.time) });
    outbox.cursor = sequence;
    if (event !== undefined) outbox.changed();
  }
}

function readWanted(entry: HistoryEntry, to: Subscription): ToldEvent | undefined {
  const event = readEvent(entry, entry.address);
  return event.ok && isWanted(to, event.value) ? event.value : undefined;
}

type SendingOptions = OutboxOptions & { readonly store: OutboxStore; readonly observer: WebhooksObserver };

/** Tells what is due, until the signal aborts and what is under way has ended. */
async function sendAll(outbox: KeptOutbox, options: SendingOptions): Promise<void> {
  const { signal, now } = options;
  const busy = new Map<string, Promise<void>>();
  while (!signal.aborted) {
    outbox.admit();
    const time = now().getTime();
    const waiting = [...outbox.runs]
      .filter(([runId]) => !busy.has(runId))
      .sort(([, one], [, other]) => one.at - other.at);
    for (const [runId, pending] of waiting) {
      if (busy.size >= mostAtOnce || pending.at > time) break;
      const sending = send(outbox, runId, options).finally(() => {
        busy.delete(runId);
        outbox.changed();
      });
      busy.set(runId, sending);
    }
    const next = waiting.find(([runId]) => !busy.has(runId))?.[1].at ?? Infinity;
    // A full house is woken by whoever is done.
    await outbox.wait(busy.size >= mostAtOnce ? 60_000 : Math.min(Math.max(next - now().getTime(), 0), 60_000));
  }
  await Promise.all(busy.values());
}

async function send(outbox: KeptOutbox, runId: string, options: SendingOptions): Promise<void> {
  const pending = outbox.runs.get(runId);
  if (pending === undefined) return;
  try {
    await sendRun(pending, { ...options, address: { cluster: options.cluster, runId }, changed: outbox.changed });
  } catch (error) {
    if (options.signal.aborted) return;
    if (!(error instanceof BusUnavailable)) options.logger.error({ runId, err: error }, "Could not deliver a webhook");
    // What was to be stored, such as that it is given up, wasn't.
    pending.at = options.now().getTime() + 5_000;
    await pause(0, options.signal);
  } finally {
    if (pending.after >= pending.until) outbox.runs.delete(runId);
  }
}
