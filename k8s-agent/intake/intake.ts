/** Takes requests from the cluster's queue, as many at a time as this replica may carry out. */
import type { Lease, RequestQueue } from "../../src/bus/port.ts";

export interface IntakeOptions {
  readonly requests: RequestQueue;
  readonly cluster: string;
  /** Runs that this replica carries out at once. */
  readonly capacity: number;
  /** Carries a request out to its end; must not reject. */
  readonly handle: (lease: Lease) => Promise<void>;
  /** No more requests are taken once it aborts. */
  readonly signal: AbortSignal;
}

/** Resolves when the signal has aborted and everything that was taken has been handled. */
export async function takeRequests({ requests, cluster, capacity, handle, signal }: IntakeOptions): Promise<void> {
  const busy = new Set<Promise<void>>();
  // Rings when a run is done. Racing all of them would leave something behind in each, at every turn, for as long as it goes on.
  let bell = Promise.withResolvers<void>();
  for await (const lease of requests.take(cluster, { signal })) {
    const work = handle(lease).finally(() => {
      busy.delete(work);
      bell.resolve();
    });
    busy.add(work);
    if (busy.size < capacity) continue;
    // The iteration asks the queue for the next one only when it is resumed: a full replica leaves it to the others.
    bell = Promise.withResolvers();
    await bell.promise;
  }
  await Promise.all(busy);
}
