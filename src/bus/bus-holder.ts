/**
 * Holds a bus that is opened when it is first needed, opened anew when it was lost and, where that is wanted, closed while it
 * is idle.
 */
import { pause } from "./pause.ts";
import { BusUnavailable, type Bus } from "./port.ts";

/** A bus, and the end of its use. */
export interface OpenedBus {
  readonly bus: Bus;
  /** Settles when the bus is of no use any more, such as when its connection was closed for good. */
  readonly lost: Promise<unknown>;
}

export interface BusHolderOptions {
  /** Opens the real one. May take long; nobody waits for it longer than `patienceMilliseconds`, and nobody needs it once the signal aborts. */
  readonly open: (signal: AbortSignal) => Promise<OpenedBus>;
  /** How long a call waits for the bus to be opened before it rejects with `BusUnavailable`. */
  readonly patienceMilliseconds: number;
  /** Closes the bus after so long without a call or an iteration; left out: never. */
  readonly idleMilliseconds?: number;
}

export interface BusHolder {
  /** Rejects with `BusUnavailable` when the bus can't be opened in time, or the holder is closed. */
  call<T>(work: (bus: Bus) => Promise<T>): Promise<T>;
  /** Iterates over one bus after the other until the signal aborts: as the port has it, a broker that is away is waited out. */
  iterate<T>(work: (bus: Bus) => AsyncIterable<T>, signal: AbortSignal): AsyncIterable<T>;
  close(): Promise<void>;
}

/** An attempt to open the real bus, which goes on while nobody waits for it. */
interface Attempt {
  readonly opened: Promise<OpenedBus>;
  readonly stop: AbortController;
}

const retryMilliseconds = 250;

export function createBusHolder({ open, patienceMilliseconds, idleMilliseconds }: BusHolderOptions): BusHolder {
  const closing = new AbortController();
  let current: Attempt | undefined;
  let users = 0;
  let idle: ReturnType<typeof setTimeout> | undefined;

  /** Begins to open the bus. An attempt that failed, or a bus that was lost, is forgotten: the next call tries again. */
  function attempt(): Attempt {
    const stop = new AbortController();
    const begun = { opened: open(stop.signal), stop };
    const forget = () => {
      if (current === begun) current = undefined;
    };
    begun.opened.then(({ lost }) => lost.then(forget, forget), forget);
    return begun;
  }

  /** The bus, opened for all who ask at once. */
  async function getBus(): Promise<Bus> {
    if (closing.signal.aborted) throw new BusUnavailable("use the bus", { reason: "the bus is closed" });
    const { opened } = (current ??= attempt());
    return (await waitFor(opened, patienceMilliseconds)).bus;
  }

  async function letGo(): Promise<void> {
    const { opened, stop } = current ?? {};
    current = undefined;
    stop?.abort();
    // An attempt that nobody waits for ends in its own time; should it succeed all the same, its bus is closed then.
    const closed = opened?.then(({ bus }) => bus.close());
    if (closed !== undefined) await waitFor(closed, patienceMilliseconds).catch(() => undefined);
  }

  function enter(): void {
    users++;
    clearTimeout(idle);
  }

  function leave(): void {
    users--;
    if (users === 0 && idleMilliseconds !== undefined && !closing.signal.aborted)
      idle = setTimeout(() => void letGo(), idleMilliseconds);
  }

  async function call<T>(work: (bus: Bus) => Promise<T>): Promise<T> {
    enter();
    try {
      return await work(await getBus());
    } finally {
      leave();
    }
  }

  async function* iterate<T>(work: (bus: Bus) => AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
    const end = AbortSignal.any([signal, closing.signal]);
    enter();
    try {
      while (!end.aborted) {
        const bus = await getBus().catch(() => undefined);
        if (bus !== undefined) yield* work(bus);
        await pause(retryMilliseconds, end);
      }
    } finally {
      leave();
    }
  }

  return {
    call,
    iterate,
    async close() {
      closing.abort();
      clearTimeout(idle);
      await letGo();
    },
  };
}

/** What `work` comes to, unless that takes too long; it goes on meanwhile, for whoever comes next. */
async function waitFor<T>(work: Promise<T>, milliseconds: number): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new BusUnavailable("reach the broker in time")), milliseconds);
  try {
    return await Promise.race([work, late.promise]);
  } catch (cause) {
    if (cause instanceof BusUnavailable) throw cause;
    // Such as a server that is too old: whoever reads the log has to know.
    throw new BusUnavailable("open the bus", cause instanceof Error ? { cause, reason: cause.message } : { cause });
  } finally {
    clearTimeout(timer);
  }
}
