/**
 * Notices that the kubelet may have skipped whole files. It rotates a log of 10 MiB (by default) when it looks at it, every
 * 10 s (by default, 3 s at least); who follows reads a file to its end and then goes on with the newest one. A follower
 * that is so late that two rotations have passed loses what is between, and the stream doesn't say so. What can be seen is
 * that lines were late, by at least the time between two looks, and that the time of the next one jumps by as much. Or it
 * stood still itself at the end of a file, to which all had come in time: then only the first line of the newest one is late.
 */
import { toMilliseconds, type Instant } from "./instant.ts";

/** A little less than the shortest time between two rotations. */
export const rotationMilliseconds = 2500;

/** Less than this isn't behind: the machine stood still. A reader that is late is so by megabytes. */
const arrearsBytes = 1024 * 1024;

/** A log shorter than this has not been rotated, whatever the node's settings. */
export const surelyWholeBytes = 256 * 1024;

/** A line that is written and read at once comes sooner, on a machine that is busy, too. */
const noticeableMilliseconds = 1000;

export interface Lag {
  /** A line has come: were files skipped before it, maybe? */
  enterLine(written: Instant, receivedAt: Date): boolean;
  /** Text has come. */
  advance(bytes: number): void;
  /** The last line was so late that files behind it may have been skipped. */
  isLate(): boolean;
}

/** For one stream: lateness is counted from the line that was the least late, as the node's clock may differ. */
export function createLag(): Lag {
  let least = Infinity;
  let lateness = 0;
  let last = Infinity;
  let arrears = 0;
  let total = 0;

  const isLate = () => lateness >= rotationMilliseconds && arrears >= arrearsBytes;
  return {
    isLate,
    enterLine(written, receivedAt) {
      const time = toMilliseconds(written);
      const delay = receivedAt.getTime() - time;
      const stoodStill = total >= surelyWholeBytes && delay - least >= noticeableMilliseconds;
      const skipped = (isLate() || stoodStill) && time - last >= rotationMilliseconds;
      least = Math.min(least, delay);
      lateness = delay - least;
      last = time;
      if (lateness < rotationMilliseconds) arrears = 0;
      return skipped;
    },
    advance(bytes) {
      arrears += bytes;
      total += bytes;
    },
  };
}
