/** Bounds a piece of work in time and in the disk space that it takes. */
import { describeLimit } from "../../../../src/contract/limits.ts";
import { refuse, type Result } from "../../../../src/contract/result.ts";
import { watchSize } from "./watch-size.ts";

export interface WorkLimits {
  readonly bytes: number;
  readonly seconds: number;
}

/** What the work is given: the signal that stops it, and the way to report more bytes than are allowed. */
export interface Bounds {
  readonly signal: AbortSignal;
  readonly bytes: number;
  readonly refuseBytes: (actual: number) => void;
}

class LimitPassed extends Error {}

/** Does the work, watching the directory; refuses when a limit is passed, rejects when the caller's signal aborts. */
export async function workWithinLimits<T>(
  { directory, limits, signal }: { directory: string; limits: WorkLimits; signal: AbortSignal },
  work: (bounds: Bounds) => Promise<Result<T>>,
): Promise<Result<T>> {
  const [stop, done] = [new AbortController(), new AbortController()];
  const refuseBytes = (actual: number) => {
    stop.abort(new LimitPassed(describeLimit("the checkout, as far as it got,", actual, limits.bytes, "bytes")));
  };
  const begun = performance.now();
  const timer = setTimeout(() => {
    const seconds = Math.ceil((performance.now() - begun) / 1000);
    stop.abort(new LimitPassed(describeLimit("the time that it takes", seconds, limits.seconds, "seconds")));
  }, limits.seconds * 1000);
  const either = AbortSignal.any([signal, stop.signal]);
  const ended = AbortSignal.any([either, done.signal]);
  const watching = watchSize(directory, { limit: limits.bytes, signal: ended, onExcess: refuseBytes });
  try {
    return await work({ signal: either, bytes: limits.bytes, refuseBytes });
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof LimitPassed) return refuse(error.message);
    throw error;
  } finally {
    clearTimeout(timer);
    done.abort();
    await watching;
  }
}
