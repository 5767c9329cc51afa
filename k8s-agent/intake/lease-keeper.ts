/** Renews the lease on a request for as long as the run lasts, so that no other replica gets it. */
import type { Lease } from "../../src/bus/port.ts";
import type { Logger } from "../../src/log.ts";

export interface LeaseKeeper {
  /**
   * Whether the lease has been renewed in time so far, so that no other replica can have got it. Once it was not, renewing
   * it doesn't tell whose it is. True to this very moment, also for a process that was paused and has not been told yet.
   */
  isHeld(): boolean;
  /**
   * Calls back when the lease has run out, and another replica may have got it: this one was paused, or the broker is away.
   * And again at each renewal, until one works, as whoever gets it may do so only then; at once, if it has run out already.
   * Ends when the function that it returns is called.
   */
  onLapse(listener: () => void): () => void;
  stop(): void;
}

/** Begins to renew a lease, three times in each of its spans: two renewals in a row may fail. */
export function keepLease(lease: Lease, logger: Logger): LeaseKeeper {
  const listeners = new Set<() => void>();
  let heldUntil = performance.now() + lease.milliseconds;
  let hasLapsed = false;
  let stopped = false;
  let lapseTimer = setTimeout(tell, lease.milliseconds);

  const isOver = () => performance.now() > heldUntil;

  function tell(): void {
    hasLapsed = true;
    for (const listener of listeners) listener();
  }

  async function renew(): Promise<void> {
    const begun = performance.now();
    if (isOver()) tell();
    try {
      await lease.renew();
      extend(begun + lease.milliseconds);
    } catch (error) {
      logger.warn({ err: error }, "Could not renew the lease of a run");
    }
  }

  /** An answer that was long on its way may come too late. */
  function extend(until: number): void {
    heldUntil = Math.max(heldUntil, until);
    if (stopped || isOver()) return;
    clearTimeout(lapseTimer);
    lapseTimer = setTimeout(tell, heldUntil - performance.now());
  }

  const timer = setInterval(() => void renew(), lease.milliseconds / 3);
  return {
    isHeld: () => !hasLapsed && !isOver(),
    onLapse(listener) {
      listeners.add(listener);
      if (isOver()) listener();
      return () => listeners.delete(listener);
    },
    stop() {
      stopped = true;
      clearInterval(timer);
      clearTimeout(lapseTimer);
    },
  };
}
