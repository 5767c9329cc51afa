/** Renews the lease on a request for as long as the run lasts, so that no other replica gets it. */
import type { Lease } from "../../src/bus/port.ts";
import type { Logger } from "../../src/log.ts";

export interface LeaseKeeper {
  /**
   * Calls back whenever the lease was not renewed in time, and another replica may have got it: this one was paused, or
   * the broker was away. Until the function that it returns is called.
   */
  onLapse(listener: () => void): () => void;
  stop(): void;
}

/** Begins to renew a lease, three times in each of its spans: two renewals in a row may fail. */
export function keepLease(lease: Lease, logger: Logger): LeaseKeeper {
  const listeners = new Set<() => void>();
  let heldUntil = performance.now() + lease.milliseconds;

  async function renew(): Promise<void> {
    const begun = performance.now();
    if (begun > heldUntil) for (const listener of listeners) listener();
    try {
      await lease.renew();
      heldUntil = begun + lease.milliseconds;
    } catch (error) {
      logger.warn({ err: error }, "Could not renew the lease of a run");
    }
  }

  const timer = setInterval(() => void renew(), lease.milliseconds / 3);
  return {
    onLapse(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    stop: () => clearInterval(timer),
  };
}
