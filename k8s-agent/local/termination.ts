/** What a run's stop means at each of its stages: setup is aborted, main gets SIGTERM, and SIGKILL after the grace. */
import { endProcesses, signalGroup, type ProcessMarks } from "./processes.ts";

export interface Termination {
  /** Somebody wants the run to stop. */
  readonly requested: boolean;
  /** Aborts when that happens. */
  readonly signal: AbortSignal;
  /** Stops the run. A later call can only shorten the grace. */
  stop(graceSeconds: number): void;
  /** From now on there is main to be stopped; at once, if that was asked before. */
  attach(main: ProcessMarks & { readonly group: number }): void;
  /** Main has ended: there is nothing more to stop, and asking for it changes nothing. */
  detach(): void;
}

/** The longest time that a timer can count, milliseconds: a longer one would be over at once. */
const longestTimer = 2 ** 31 - 1;

export function createTermination({ onError }: { onError: (error: unknown) => void }): Termination {
  const abort = new AbortController();
  let main: (ProcessMarks & { readonly group: number }) | undefined;
  let killAt = Infinity;
  let timer: NodeJS.Timeout | undefined;
  let over = false;

  function kill(marks: ProcessMarks): void {
    endProcesses(marks, 0).catch(onError);
  }

  function apply(): void {
    if (main === undefined || killAt === Infinity) return;
    const marks = main;
    signalGroup(marks.group, "SIGTERM");
    clearTimeout(timer);
    timer = setTimeout(() => kill(marks), Math.min(Math.max(killAt - performance.now(), 0), longestTimer));
  }

  return {
    get requested() {
      return abort.signal.aborted;
    },
    signal: abort.signal,
    stop(graceSeconds) {
      if (over) return;
      const wanted = performance.now() + graceSeconds * 1000;
      const sooner = wanted < killAt;
      killAt = Math.min(killAt, wanted);
      abort.abort(new Error("The run was stopped"));
      if (sooner) apply();
    },
    attach(marks) {
      main = marks;
      apply();
    },
    detach() {
      clearTimeout(timer);
      over = true;
    },
  };
}
