/**
 * How late a stream is: whether its last line came so long after it was written that the kubelet, when it stops reading
 * because main has ended, may have left more behind.
 */
import { toMilliseconds, type Instant } from "./instant.ts";

/** A machine that stands still for a while is no reader that is behind. */
const lateMilliseconds = 2500;

/** Nor is one that has just this little to read. */
const arrearsBytes = 1024 * 1024;

export interface Lag {
  /** A line has come. */
  enterLine(written: Instant, receivedAt: Date): void;
  /** Text has come. */
  advance(bytes: number): void;
  isLate(): boolean;
}

/** For one stream: lateness is counted from the line that was the least late, as the node's clock may differ. */
export function createLag(): Lag {
  let least = Infinity;
  let lateness = 0;
  let arrears = 0;

  return {
    isLate: () => lateness >= lateMilliseconds && arrears >= arrearsBytes,
    enterLine(written, receivedAt) {
      const delay = receivedAt.getTime() - toMilliseconds(written);
      least = Math.min(least, delay);
      lateness = delay - least;
      if (lateness < lateMilliseconds) arrears = 0;
    },
    advance(bytes) {
      arrears += bytes;
    },
  };
}
