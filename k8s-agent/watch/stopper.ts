/** Stops a run when its time is over or when somebody asks, and remembers why. */
import type { Launcher } from "../launch/launcher.ts";
import type { Stopped } from "../collect/decide-outcome.ts";
import type { Backoff } from "../report/backoff.ts";

export interface Stopper {
  /** Why the run was stopped; undefined: it was not. The first reason stays. */
  readonly stopped: Stopped | undefined;
  /** Begins to count the run's time: seconds from `startedAt`. Another start than before counts anew. */
  startDeadline(startedAt: string, seconds: number): void;
  /** `graceSeconds`: other than the configured one. */
  stop(why: Stopped, options?: { graceSeconds: number }): Promise<void>;
  /** What can't be stopped now is tried again: the run goes on until then. Never rejects. */
  keepStopping(why: Stopped): Promise<void>;
  /** Stops counting; call it when the run has ended. */
  close(): void;
}

export interface StopperOptions {
  readonly launcher: Pick<Launcher, "stop">;
  readonly runId: string;
  /** Between SIGTERM and SIGKILL. */
  readonly graceSeconds: number;
  readonly now: () => Date;
  /** Its pauses end with the run. */
  readonly backoff: Backoff;
  /** Is told of each attempt that fails. */
  readonly onError: (error: unknown) => void;
}

export function createStopper(options: StopperOptions): Stopper {
  const { launcher, runId, graceSeconds, now, backoff, onError } = options;
  let stopped: Stopped | undefined;
  let timer: NodeJS.Timeout | undefined;
  let counted: string | undefined;

  async function stop(why: Stopped, options = { graceSeconds }): Promise<void> {
    stopped ??= why;
    await launcher.stop(runId, options);
  }

  async function keepStopping(why: Stopped): Promise<void> {
    const onFailure = (error: unknown) => {
      onError(error);
      return true;
    };
    try {
      await backoff(() => stop(why), onFailure);
    } catch {
      // The run has ended, and with it the pause between two attempts.
    }
  }

  return {
    get stopped() {
      return stopped;
    },
    startDeadline(startedAt, seconds) {
      // Counting goes on by the timer, which doesn't jump as a clock does that is set.
      if (startedAt === counted) return;
      counted = startedAt;
      clearTimeout(timer);
      const left = Date.parse(startedAt) + seconds * 1000 - now().getTime();
      // A clock that was set back leaves more than there ever was, and may be more than a timer can count.
      const wait = Math.min(Math.max(left, 0), seconds * 1000);
      const message = `Cannot finish the run: it was stopped when its timeout of ${seconds} seconds was over`;
      timer = setTimeout(() => void keepStopping({ reason: "deadline", message }), wait);
    },
    stop,
    keepStopping,
    close: () => clearTimeout(timer),
  };
}
