/**
 * Bounds the wait for a stream. A connection can be dead without either end being told; so one that is silent for minutes
 * is given up, to be opened anew, and much sooner once main has ended, as then the stream's end must come.
 */
import { waitForChange, type LogSource } from "./log-source.ts";

/** A stream in which nothing comes for so long, while main runs, is opened anew. */
export const silenceMilliseconds = 5 * 60_000;

/** One that may have been left behind at the end of a file, which the kubelet has rotated, much sooner. */
const shortSilenceMilliseconds = 1500;

/** After main's end, or the pod's. */
export const drainMilliseconds = 10_000;

export interface Listener {
  /** Aborts when the stream is given up or left. */
  readonly signal: AbortSignal;
  /** The stream was silent for too long. */
  readonly gaveUp: boolean;
  /** How long the last wait for something took. */
  readonly idleMilliseconds: number;
  /** Waits for the API server to answer: as long as the pod is there. */
  open<T>(call: () => Promise<T>): Promise<Heard<T>>;
  /** Waits for what comes next: not longer than silence may last. */
  hear<T>(call: () => Promise<T>): Promise<Heard<T>>;
  /** From now on a short silence is enough to give the stream up. */
  hurry(): void;
  close(): void;
}

export type Heard<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: unknown };

export function createListener(source: LogSource, outer: AbortSignal): Listener {
  const own = new AbortController();
  const signal = AbortSignal.any([outer, own.signal]);
  let waiting: "open" | "hear" | undefined;
  let since = source.now().getTime();
  let gaveUp = false;
  let idleMilliseconds = 0;
  let patience = silenceMilliseconds;
  let hurried = new AbortController();

  async function wait<T>(what: "open" | "hear", call: () => Promise<T>): Promise<Heard<T>> {
    const begun = source.now().getTime();
    waiting = what;
    since = begun;
    try {
      return { ok: true, value: await call() };
    } catch (error) {
      return { ok: false, error };
    } finally {
      idleMilliseconds = source.now().getTime() - begun;
      waiting = undefined;
    }
  }

  async function watch(): Promise<void> {
    let { state } = source.container;
    while (!signal.aborted) {
      const now = source.now().getTime();
      const mayLast = waiting === undefined || (waiting === "open" && state !== "gone");
      // Silence counts from main's end, if that came later.
      const changed = source.container.state !== state;
      if (mayLast || changed) since = Math.max(since, now);
      ({ state } = source.container);
      const limit = state === "running" ? patience : drainMilliseconds;
      const rest = since + limit - now;
      if (rest <= 0) {
        gaveUp = true;
        own.abort(new Error(`nothing came for ${limit / 1000} s`));
        return;
      }
      await waitForChange(source, rest, AbortSignal.any([signal, hurried.signal]));
      if (hurried.signal.aborted) hurried = new AbortController();
    }
  }

  void watch();
  return {
    signal,
    get gaveUp() {
      return gaveUp;
    },
    get idleMilliseconds() {
      return idleMilliseconds;
    },
    open: (call) => wait("open", call),
    hear: (call) => wait("hear", call),
    hurry() {
      if (patience === shortSilenceMilliseconds) return;
      patience = shortSilenceMilliseconds;
      hurried.abort();
    },
    close: () => own.abort(),
  };
}
