import { createFifo } from "./fifo.ts";

/** What waits to be taken, and those who wait to take: served in the order in which they asked, so that they share. */
export interface ReadyQueue<T> {
  push(value: T): void;
  shift(): T | undefined;
  /** Resolves when there is something for the one who has waited longest, or when the signal aborts. */
  wait(signal: AbortSignal): Promise<void>;
  /** For whoever leaves: one who was woken and left at the same moment must pass it on, or nobody would look at it. */
  passOn(): void;
}

export function createReadyQueue<T>(): ReadyQueue<T> {
  const ready = createFifo<T>();
  const takers = new Set<() => void>();

  function passOn(): void {
    const [wake] = takers;
    if (ready.length > 0) wake?.();
  }

  return {
    push(value) {
      ready.push(value);
      passOn();
    },
    shift: () => ready.shift(),
    wait(signal) {
      return new Promise((resolve) => {
        const wake = () => {
          takers.delete(wake);
          signal.removeEventListener("abort", wake);
          resolve();
        };
        takers.add(wake);
        signal.addEventListener("abort", wake);
      });
    },
    passOn,
  };
}
