/** Renews the lease on a request for as long as the run lasts, so that no other replica gets it. */
import type { Lease } from "../../src/bus/port.ts";
import type { Logger } from "../../src/log.ts";

/**
 * Begins to renew a lease, three times in each of its spans: two renewals in a row may fail. Call what it returns to stop.
 * A renewal that fails is not the end: should the lease be lost, the next event is refused and the replica stands down.
 */
export function keepLease(lease: Lease, logger: Logger): () => void {
  const timer = setInterval(() => {
    lease.renew().catch((error: unknown) => logger.warn({ err: error }, "Could not renew the lease of a run"));
  }, lease.milliseconds / 3);
  return () => clearInterval(timer);
}
