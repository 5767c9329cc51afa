/** Waiting for something that will be so, with a bound: never for a time that should be enough. */
import { setTimeout as delay } from "node:timers/promises";

const pauseMilliseconds = 20;

/**
 * Looks again and again until there is something; rejects when there is nothing within the bound. Who starts a program on a
 * machine that is busy with others may wait for half a minute.
 */
export async function waitUntil<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  { seconds = 60 }: { seconds?: number } = {},
): Promise<T> {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > end) throw new Error(`Cannot see that ${what}: not within ${seconds} seconds`);
    await delay(pauseMilliseconds);
  }
}

/** Rejects when a promise isn't settled within the bound. */
export async function settleWithin<T>(what: string, promise: Promise<T>, seconds: number): Promise<T> {
  const giveUp = new AbortController();
  const late = delay(seconds * 1000, undefined, { signal: giveUp.signal }).then(() => {
    throw new Error(`Cannot see that ${what}: not within ${seconds} seconds`);
  });
  // The race takes its rejection when it comes too late; after it nobody waits for it any more.
  late.catch(() => undefined);
  try {
    return await Promise.race([promise, late]);
  } finally {
    giveUp.abort();
  }
}
