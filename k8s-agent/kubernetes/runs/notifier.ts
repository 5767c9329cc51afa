/** Wakes those who wait for something to change. */
export interface Notifier {
  notify(): void;
  /** Resolves at the next change, or when the signal aborts. */
  changed(signal: AbortSignal): Promise<void>;
}

export function createNotifier(): Notifier {
  const waiting = new Set<() => void>();
  return {
    notify() {
      // Who is woken may wait again at once.
      const woken = Array.from(waiting);
      waiting.clear();
      for (const wake of woken) wake();
    },
    changed: (signal) =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve();
        const wake = () => {
          waiting.delete(wake);
          signal.removeEventListener("abort", wake);
          resolve();
        };
        waiting.add(wake);
        signal.addEventListener("abort", wake);
      }),
  };
}

/** Resolves true as soon as the condition holds, false when the signal aborts before. */
export async function until(
  condition: () => boolean,
  { changed, signal }: { changed: Notifier["changed"]; signal: AbortSignal },
): Promise<boolean> {
  while (!condition()) {
    if (signal.aborted) return false;
    await changed(signal);
  }
  return true;
}
