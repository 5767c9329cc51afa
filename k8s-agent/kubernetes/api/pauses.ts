/** Pauses between attempts: growing, capped, and with jitter, so that agents don't come back in step. */
export interface PauseRange {
  readonly firstMilliseconds: number;
  readonly mostMilliseconds: number;
}

/** Gives one pause after another, each cut by up to half; at least as long as the server asks for. */
export function createPauses(range: PauseRange, random: () => number): (askedMilliseconds?: number) => number {
  let next = range.firstMilliseconds;
  return (asked = 0) => {
    const own = next * (1 - random() / 2);
    next = Math.min(next * 2, range.mostMilliseconds);
    // Never earlier than asked, and not all of those who were asked at the same moment.
    return asked === 0 ? own : Math.max(asked, own) + random() * Math.min(asked / 10, 1000);
  };
}
