/** A pod's log by script, on a clock of its own that runs as fast as everybody waits. */
import { setImmediate as turn } from "node:timers/promises";
import type { LogPiece } from "../../launch/launcher.ts";
import { createReadAheadBudget } from "../../logs/read-ahead-budget.ts";
import type { LogAnswer } from "../api/cluster-api.ts";
import type { LogSource, MainContainer } from "./log-source.ts";
import { readAheadLimits } from "./read-ahead.ts";

export type State = MainContainer["state"];

/** What a stream does next. */
export type Deed =
  | { readonly kind: "write"; readonly text: string | Uint8Array }
  | { readonly kind: "wait"; readonly milliseconds: number }
  | { readonly kind: "enter"; readonly state: State }
  /** The connection breaks; without it the stream ends as if it were complete. */
  | { readonly kind: "break" }
  /** Nothing comes any more, and nobody says so. */
  | { readonly kind: "hang" };

export type Session = readonly Deed[] | "not-yet" | "gone" | Error;

export interface ScriptedPod extends LogSource {
  enter(state: State): void;
  /** Its pod is deleted. */
  leave(): void;
  /** What each call asked for. */
  readonly calls: { follow: boolean; sinceTime: string | undefined; at: number }[];
}

export const podUid = "0c0ffee0-7357";

export function createScriptedPod(sessions: readonly Session[], first: State = "running"): ScriptedPod {
  const clock = createClock();
  const calls: ScriptedPod["calls"] = [];
  let state = first;
  let isLeaving = false;
  let bell = Promise.withResolvers<void>();
  const enter = (next: State) => {
    state = next;
    bell.resolve();
    bell = Promise.withResolvers();
  };

  async function* play(deeds: readonly Deed[], signal: AbortSignal): AsyncGenerator<Uint8Array> {
    for (const deed of deeds) {
      if (deed.kind === "write") yield Buffer.from(deed.text);
      if (deed.kind === "enter") enter(deed.state);
      if (deed.kind === "wait") await clock.pause(deed.milliseconds, signal);
      if (deed.kind === "hang") await untilAborted(signal);
      if (deed.kind === "break") throw new Error("the connection broke");
      signal.throwIfAborted();
    }
  }

  return {
    podUid,
    enter,
    leave: () => void (isLeaving = true),
    calls,
    async openLog({ follow, sinceTime, signal }): Promise<LogAnswer> {
      const session = sessions[calls.length];
      calls.push({ follow, sinceTime, at: clock.now().getTime() });
      if (session === undefined) throw new Error("the script has no more sessions");
      if (session instanceof Error) throw session;
      if (session === "gone") return { kind: "gone" };
      if (session === "not-yet") return { kind: "not-yet", message: "container main is waiting to start" };
      return { kind: "open", bytes: play(session, signal) };
    },
    container: {
      get state() {
        return state;
      },
      get isLeaving() {
        return isLeaving;
      },
      changed: (signal) => Promise.race([bell.promise, untilAborted(signal)]),
    },
    readAheadBudget: createReadAheadBudget(readAheadLimits),
    now: clock.now,
    random: () => 0,
    pause: clock.pause,
  };
}

export const write = (text: string | Uint8Array): Deed => ({ kind: "write", text });
export const wait = (milliseconds: number): Deed => ({ kind: "wait", milliseconds });
export const enter = (state: State): Deed => ({ kind: "enter", state });

/** What came of a log: its text, with `[gap: …]` where one is, and its pieces. */
export async function collect(pieces: AsyncIterable<LogPiece>): Promise<{ text: string; pieces: LogPiece[] }> {
  const all: LogPiece[] = [];
  let text = "";
  for await (const piece of pieces) {
    all.push(piece);
    if (piece.gap !== undefined) text += `[gap: ${piece.gap.reason}]`;
    text += Buffer.from(piece.bytes).toString("latin1");
  }
  return { text, pieces: all };
}

/** Goes on to the next time that somebody waits for, once nobody has anything else to do. */
function createClock() {
  let time = Date.UTC(2026, 10, 23);
  const waiting = new Set<{ due: number; end: () => void }>();
  let isRunning = false;

  async function run(): Promise<void> {
    isRunning = true;
    while (waiting.size > 0) {
      for (let turns = 0; turns < 5; turns += 1) await turn();
      const [next] = [...waiting].toSorted((one, other) => one.due - other.due);
      if (next === undefined) break;
      time = Math.max(time, next.due);
      next.end();
    }
    isRunning = false;
  }

  function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const entry = {
        due: time + milliseconds,
        end: () => {
          waiting.delete(entry);
          signal.removeEventListener("abort", entry.end);
          resolve();
        },
      };
      waiting.add(entry);
      signal.addEventListener("abort", entry.end);
      if (!isRunning) void run();
    });
  }

  return { now: () => new Date(time), pause };
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
