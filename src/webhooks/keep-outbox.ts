/** An outbox in the hands of the program that delivers from it: its state in memory, stored again and again. */
import { pause } from "../bus/pause.ts";
import { BusUnavailable } from "../bus/port.ts";
import { createBell } from "./bell.ts";
import type { HeldOutbox, Timing } from "./claim-outbox.ts";
import { admitReplay, type OutboxState, type Pending, type Wanted } from "./outbox-state.ts";
import { RecordUnreadable, type OutboxStore } from "./outbox-store.ts";

export interface KeptOutbox {
  /** Change these as things happen; call `changed` then. */
  readonly runs: Map<string, Pending>;
  cursor: number;
  /** There is something to be stored, or to be sent. */
  changed(): void;
  /** Makes pending what somebody wants again, where nothing else of the run is. */
  admit(): void;
  /** Resolves at the next change, or after so many milliseconds, or when the outbox is lost or let go. */
  wait(milliseconds: number): Promise<void>;
  /** Aborted when another program has taken it, or it is let go. */
  readonly lost: AbortSignal;
  /** Stores it a last time and lets it go, for another program to take at once. */
  letGo(): Promise<void>;
}

export interface KeepOptions {
  readonly store: OutboxStore;
  readonly timing: Timing;
  /** Nobody waits any longer once it aborts. */
  readonly signal: AbortSignal;
}

/** Changes within so many milliseconds are stored together. */
const gather = 100;

export function keepOutbox({ state, revision: taken }: HeldOutbox, { store, timing, signal }: KeepOptions): KeptOutbox {
  const ending = new AbortController();
  const bell = createBell([signal, ending.signal]);
  const runs = new Map<string, Pending>();
  for (const { runId, ...pending } of state.runs) runs.set(runId, pending);
  const { holder } = state;
  let revision = taken;
  let dirty = false;
  let replay: readonly Wanted[] = state.replay;
  let failure: Error | undefined;
  const outbox = { runs, cursor: state.cursor, changed, wait: bell.wait, admit, lost: ending.signal, letGo };
  const keeping = keep().catch((error: unknown) => {
    failure = new Error("Cannot keep an outbox", { cause: error });
    ending.abort();
  });

  function changed(): void {
    dirty = true;
    bell.ring();
  }

  function admit(): void {
    const waiting = admitReplay(runs, replay);
    if (waiting.length === replay.length) return;
    replay = waiting;
    changed();
  }

  /** What was asked for since we last wrote. What we know already may come twice: that is only delivered twice. */
  function takeReplay(stored: OutboxState): void {
    const isKnown = (one: Wanted) => replay.some(({ runId, until }) => runId === one.runId && until === one.until);
    replay = [...replay, ...stored.replay.filter((one) => !isKnown(one))];
    changed();
  }

  function describeState(whose: string): OutboxState {
    const pending = [...runs].map(([runId, one]) => ({ runId, ...one }));
    return { v: 1, holder: whose, cursor: outbox.cursor, runs: pending, replay: [...replay] };
  }

  /** Stores what there is now; somebody may have asked for something to be delivered again meanwhile. */
  async function save(whose: string): Promise<void> {
    for (;;) {
      dirty = false;
      const written = await store.save(describeState(whose), revision);
      if (written.kind === "written") {
        revision = written.revision;
        return;
      }
      const { value, revision: found } = await store.load();
      if (value?.holder !== holder) return ending.abort();
      revision = found;
      takeReplay(value);
    }
  }

  async function keep(): Promise<void> {
    while (!ending.signal.aborted) {
      if (!dirty) await bell.wait(timing.renew);
      await pause(Math.min(gather, timing.renew), ending.signal);
      if (ending.signal.aborted) return;
      try {
        await save(holder);
      } catch (error) {
        // Whatever has been put there isn't ours to write over: whoever claims it next tells of it.
        if (error instanceof RecordUnreadable) return ending.abort();
        dirty = true;
        // Another one may have taken it meanwhile: then the next write is refused.
        if (!(error instanceof BusUnavailable)) throw error;
        await pause(timing.renew, ending.signal);
      }
    }
  }

  async function letGo(): Promise<void> {
    const isOurs = !ending.signal.aborted;
    ending.abort();
    await keeping;
    bell.close();
    if (failure !== undefined) throw failure;
    // A write that is refused now was another program's.
    if (isOurs) await save("").catch(() => undefined);
  }

  return outbox;
}
