/** The run that a command waits for, shown while it goes on. */
import type { Reconnection } from "../api/reconnection.ts";
import type { Context } from "../context.ts";
import { watchRun, type RunEnd } from "./watch-run.ts";

export interface Following {
  /** Shows this run from now on, if it isn't shown already. */
  show(runId: string): void;
  runId(): string | undefined;
  /** Waits, but not for long, until everything of the run has been shown. */
  finish(): Promise<RunEnd | undefined>;
  stop(): void;
}

/** The result is there: what is still to be seen of the run comes soon or not at all. */
const finishMilliseconds = 10_000;

export function createFollowing(context: Context, reconnection: Reconnection): Following {
  let shown: { runId: string; end: Promise<RunEnd | undefined> } | undefined;
  const stopping = new AbortController();
  const signal = AbortSignal.any([context.signal, stopping.signal]);
  return {
    show(runId) {
      if (shown?.runId === runId) return;
      if (shown !== undefined)
        context.screen.note(`Run ${shown.runId} is over, and somebody else was told how; run ${runId} has begun`);
      if (context.screen.json) context.screen.printJson({ kind: "run", id: runId });
      else context.screen.note(`Run ${runId}`);
      // What can't be shown doesn't end the command: its result still counts.
      shown = { runId, end: watchRun(runId, { ...context, signal }, reconnection).catch(() => undefined) };
    },
    runId: () => shown?.runId,
    async finish() {
      const timer = setTimeout(() => stopping.abort(), finishMilliseconds);
      const end = await shown?.end;
      clearTimeout(timer);
      return end;
    },
    stop: () => stopping.abort(),
  };
}
