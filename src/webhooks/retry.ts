/** When what could not be delivered is tried again. */

const minute = 60_000;
const hour = 60 * minute;

/** Pauses between tries, milliseconds, before jitter: 17 hours and 43 minutes together. */
export const retryPauses: readonly number[] = [
  5_000,
  30_000,
  2 * minute,
  10 * minute,
  30 * minute,
  2 * hour,
  5 * hour,
  10 * hour,
];

/** A receiver may ask for more time, but not for ever. */
const longestRetryAfter = 24 * hour;

/** How long to wait after so many tries; undefined: that was the last one. Up to a fifth more or less, so that many don't come back in step. */
export function choosePause(
  attempts: number,
  { random, retryAfterSeconds = 0, pauses = retryPauses }: RetryOptions,
): number | undefined {
  const pause = pauses[attempts - 1];
  if (pause === undefined) return undefined;
  return Math.max(pause * (0.8 + 0.4 * random()), Math.min(retryAfterSeconds * 1000, longestRetryAfter));
}

export interface RetryOptions {
  readonly random: () => number;
  readonly retryAfterSeconds?: number | undefined;
  /** Others, for tests. */
  readonly pauses?: readonly number[] | undefined;
}
