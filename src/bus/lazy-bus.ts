/**
 * A bus that is opened when it is first needed and, where that is wanted, closed when it is idle: a server starts, and
 * says 503, while its broker is away; a Durable Object pays for its socket only while it is used.
 */
import { BusUnavailable, type Bus, type Journal } from "./port.ts";

export interface LazyBusOptions {
  /** Opens the real one. May take long; nobody waits for it longer than `patienceMilliseconds`. */
  readonly open: () => Promise<Bus>;
  /** How long a call waits for the bus to be opened before it rejects with `BusUnavailable`. */
  readonly patienceMilliseconds: number;
  /** Closes the bus after so long without a call or an iteration; undefined: never. */
  readonly idleMilliseconds?: number;
}

export function createLazyBus({ open, patienceMilliseconds, idleMilliseconds }: LazyBusOptions): Bus {
  let opening: Promise<Bus> | undefined;
  let users = 0;
  let idle: ReturnType<typeof setTimeout> | undefined;
  let closed = false;

  async function closeNow(): Promise<void> {
    clearTimeout(idle);
    const bus = opening;
    opening = undefined;
    await bus?.then(
      (opened) => opened.close(),
      () => undefined,
    );
  }

  /** The bus, opened for all who ask at once; a failed attempt is forgotten, so that the next call tries again. */
  function getBus(): Promise<Bus> {
    if (closed) return Promise.reject(new BusUnavailable("use the bus", { reason: "it is closed" }));
    const attempt = (opening ??= open());
    attempt.catch(() => {
      if (opening === attempt) opening = undefined;
    });
    return waitFor(attempt, patienceMilliseconds);
  }

  function enter(): void {
    users++;
    clearTimeout(idle);
  }

  function leave(): void {
    users--;
    if (users === 0 && idleMilliseconds !== undefined && !closed)
      idle = setTimeout(() => void closeNow(), idleMilliseconds);
  }

  async function call<T>(work: (bus: Bus) => Promise<T>): Promise<T> {
    enter();
    try {
      return await work(await getBus());
    } finally {
      leave();
    }
  }

  async function* iterate<T>(work: (bus: Bus) => AsyncIterable<T>): AsyncGenerator<T> {
    enter();
    try {
      yield* work(await getBus());
    } finally {
      leave();
    }
  }

  const wrapJournal = (pick: (bus: Bus) => Journal): Journal => ({
    append: (address, data, options) => call((bus) => pick(bus).append(address, data, options)),
    last: (address) => call((bus) => pick(bus).last(address)),
    follow: (address, options) => iterate((bus) => pick(bus).follow(address, options)),
  });

  return {
    records: {
      get: (key) => call((bus) => bus.records.get(key)),
      set: (key, value, expected) => call((bus) => bus.records.set(key, value, expected)),
      remove: (key, expected) => call((bus) => bus.records.remove(key, expected)),
    },
    requests: {
      place: (address, data) => call((bus) => bus.requests.place(address, data)),
      take: (cluster, options) => iterate((bus) => bus.requests.take(cluster, options)),
    },
    events: wrapJournal((bus) => bus.events),
    logs: wrapJournal((bus) => bus.logs),
    async close() {
      closed = true;
      await closeNow();
    },
  };
}

/** What `opening` comes to, unless that takes too long; it goes on meanwhile, for whoever comes next. */
async function waitFor(opening: Promise<Bus>, milliseconds: number): Promise<Bus> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new BusUnavailable("reach the broker in time")), milliseconds);
  try {
    return await Promise.race([opening, late.promise]);
  } catch (cause) {
    throw cause instanceof BusUnavailable ? cause : new BusUnavailable("open the bus", { cause });
  } finally {
    clearTimeout(timer);
  }
}
