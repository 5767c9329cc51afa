/** The runs that this replica holds, so that they can be stopped from outside of their own course. */
import type { Stopped } from "../collect/decide-outcome.ts";
import type { Stopper } from "./stopper.ts";

export interface HeldRuns {
  /** Call what it returns when the run is let go. */
  add(runId: string, stopper: Stopper): () => void;
  /** Stops every run that is held, and at once every one that comes later. */
  stopAll(why: Stopped, options: { graceSeconds: number }): Promise<void>;
}

export function createHeldRuns(onError: (error: unknown) => void): HeldRuns {
  const held = new Map<string, Stopper>();
  let closing: ((stopper: Stopper) => Promise<void>) | undefined;
  return {
    add(runId, stopper) {
      held.set(runId, stopper);
      closing?.(stopper).catch(onError);
      return () => {
        // After an adoption by the same replica the place is another's.
        if (held.get(runId) === stopper) held.delete(runId);
      };
    },
    async stopAll(why, options) {
      closing = (stopper) => stopper.stop(why, options);
      await Promise.all([...held.values()].map(closing));
    },
  };
}
