/** Looking from time to time: soon after something was heard, then more and more seldom. */

/** A repetition may get lost on its way through a clustered broker: seldom, so the looks become rarer. */
const firstLook = 1_000;
const longestLook = 30_000;

export interface Looks {
  /** Something was heard, or is expected: the next look is a second from now. */
  rest(): void;
  stop(): void;
}

export function startLooks(look: () => Promise<void>): Looks {
  let pause = firstLook;
  let restedAt = performance.now();
  let stopped = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function schedule(milliseconds: number): void {
    clearTimeout(timer);
    timer = setTimeout(() => void wake(), milliseconds);
  }

  async function wake(): Promise<void> {
    // What is heard often doesn't set the timer each time.
    const left = restedAt + pause - performance.now();
    if (left > 0) return schedule(left);
    await look();
    if (stopped) return;
    pause = Math.min(pause * 2, longestLook);
    restedAt = performance.now();
    schedule(pause);
  }

  schedule(pause);
  return {
    rest() {
      restedAt = performance.now();
      if (pause > firstLook) schedule(firstLook);
      pause = firstLook;
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
