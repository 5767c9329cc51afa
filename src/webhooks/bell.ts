/** Wakes whoever waits. Each of them waits by itself: on one promise for all, what waits would pile up until it is settled. */
export interface Bell {
  ring(): void;
  /** Resolves when it is rung, or after so many milliseconds, or when one of the signals aborts. */
  wait(milliseconds: number): Promise<void>;
  /** Lets go of the signals. */
  close(): void;
}

export function createBell(signals: readonly AbortSignal[]): Bell {
  const waiting = new Set<() => void>();
  const ring = () => {
    for (const wake of waiting) wake();
  };
  for (const signal of signals) signal.addEventListener("abort", ring);
  return {
    ring,
    wait: (milliseconds) =>
      new Promise((resolve) => {
        if (signals.some(({ aborted }) => aborted)) return resolve();
        const timer = setTimeout(wake, milliseconds);
        waiting.add(wake);
        function wake() {
          clearTimeout(timer);
          waiting.delete(wake);
          resolve();
        }
      }),
    close() {
      for (const signal of signals) signal.removeEventListener("abort", ring);
    },
  };
}
