/** Tries again while something passes: with growing pauses and jitter, so that replicas don't come back in step. */
import { setTimeout as delay } from "node:timers/promises";

export type Backoff = <T>(attempt: () => Promise<T>, isTransient: (error: unknown) => boolean) => Promise<T>;

/** Pauses of 50 ms, doubling up to 5 s, each cut by up to half; rejects with the abort's reason once the signal aborts. */
export function createBackoff({ signal, random }: { signal: AbortSignal; random: () => number }): Backoff {
  return async (attempt, isTransient) => {
    for (let pause = 50; ; pause = Math.min(pause * 2, 5000)) {
      try {
        return await attempt();
      } catch (error) {
        if (!isTransient(error)) throw error;
        await delay(pause * (1 - random() / 2), undefined, { signal });
      }
    }
  };
}
