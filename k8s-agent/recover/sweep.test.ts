import { expect, test, vi } from "vitest";
import { createMemoryBus } from "../../src/bus/memory/memory-bus.ts";
import { BusUnavailable, type Journal } from "../../src/bus/port.ts";
import { encodeMessage } from "../../src/contract/decode.ts";
import { buildRunEvent, type EventKind, type Phase } from "../../src/contract/events.ts";
import { createConsoleLogger } from "../../src/log.ts";
import { createBackoff } from "../report/backoff.ts";
import { doubtMilliseconds, keepSweeping, sweep } from "./sweep.ts";

const cluster = "local";
const runId = (letter: string) => `01jd000000000000000000000${letter}`;

async function arrange(states: Record<string, Phase | "unreadable" | "none">, broken: readonly string[] = []) {
  const { events } = createMemoryBus();
  for (const [letter, state] of Object.entries(states)) {
    const address = { cluster, runId: runId(letter) };
    if (state !== "none") await events.append(address, encodeState(address, state), { id: "1", after: 0 });
  }
  const removed: string[] = [];
  const lines: string[] = [];
  const launcher = {
    list: async () => Object.keys(states).map(runId),
    async remove(id: string) {
      if (broken.map(runId).includes(id)) throw new Error("Cannot remove it");
      removed.push(id);
    },
  };
  const logger = createConsoleLogger({ write: (line) => lines.push(line), now: () => new Date(0), level: "info" });
  const now = { seconds: 0 };
  const options = { keepFailedSeconds: 0, holderSeconds: 0 };
  const pauses: { milliseconds: number; removed: string[] }[] = [];
  const build = (journal: Journal, signal: AbortSignal) => ({
    launcher: { ...notNeeded, ...launcher },
    events: journal,
    cluster,
    backoff: createBackoff({ signal, random: () => 1 }),
    logger,
    now: () => new Date(now.seconds * 1000),
    signal,
    ...options,
  });
  const pause = async (milliseconds: number) => void pauses.push({ milliseconds, removed: [...removed] });
  const run = (journal: Journal = events, signal = new AbortController().signal) =>
    sweep({ ...build(journal, signal), pause });
  const keep = (signal: AbortSignal) => keepSweeping(build(events, signal));
  return { run, keep, removed, lines, events, now, options, pauses, states };
}

const fail = () => {
  throw new Error("Not for a sweep");
};
const notNeeded = { name: "local", launch: fail, watch: fail, readLog: fail, stop: fail } as const;

function encodeState(address: { cluster: string; runId: string }, state: Phase | "unreadable"): Uint8Array {
  if (state === "unreadable") return encodeMessage({ specversion: "2.0", phase: "resting" });
  const data = { ...address, driver: "container", guresid: "abc", type: "s3", action: "create", phase: state } as const;
  const kind: EventKind = state;
  return encodeMessage(buildRunEvent(kind, data, { id: "1", source: "/test", time: new Date(0) }));
}

test("workloads of runs that have ended or that nobody knows are removed, those of live runs are not", async () => {
  const { run, removed } = await arrange({ a: "running", b: "succeeded", c: "none", d: "requested", e: "cancelled" });
  await run();
  expect(removed).toEqual([runId("b"), runId("e"), runId("c")]);
});

test("a run that nobody knows is asked for again, once the others are seen to, and removed if it is still unknown", async () => {
  const { run, removed, pauses } = await arrange({ a: "none", b: "succeeded" });
  await run();
  expect(pauses).toEqual([{ milliseconds: doubtMilliseconds, removed: [runId("b")] }]);
  expect(removed).toEqual([runId("b"), runId("a")]);
});

test("a live run that a replica of the broker doesn't know yet is left alone, and nobody waits where all are known", async () => {
  const { run, removed, events, pauses } = await arrange({ a: "running", b: "succeeded" });
  const asked = new Set<string>();
  await run({
    ...events,
    async last(address) {
      if (asked.has(address.runId)) return events.last(address);
      asked.add(address.runId);
      return undefined;
    },
  });
  expect(removed).toEqual([runId("b")]);
  expect(pauses).toHaveLength(1);
  await run();
  expect(pauses).toHaveLength(1);
});

test("a workload whose last event can't be read is left alone: a newer replica may have written it", async () => {
  const { run, removed } = await arrange({ a: "unreadable", b: "failed" });
  await run();
  expect(removed).toEqual([runId("b")]);
});

test("what can't be removed is said, and keeps nothing else from being removed", async () => {
  const { run, removed, lines } = await arrange({ a: "none", b: "none" }, ["a"]);
  await run();
  expect(removed).toEqual([runId("b")]);
  expect(lines.join()).toContain("Cannot remove it");
});

test("a broker that is away for a moment is waited for", async () => {
  const { run, removed, events } = await arrange({ a: "running", b: "succeeded" });
  let calls = 0;
  await run({
    ...events,
    async last(address) {
      if (++calls < 3) throw new BusUnavailable("read the last event");
      return events.last(address);
    },
  });
  expect(removed).toEqual([runId("b")]);
});

test("a broker that stays away is waited for no longer than the agent lives", async () => {
  const { run, removed, events } = await arrange({ a: "succeeded" });
  const stopped = new AbortController();
  const away: Journal = {
    ...events,
    async last() {
      stopped.abort();
      throw new BusUnavailable("read the last event");
    },
  };
  await run(away, stopped.signal);
  expect(removed).toEqual([]);
});

test("what a failed run has left is kept for its time, and a successful one's is not", async () => {
  const { run, removed, lines, now, options } = await arrange({ a: "failed", b: "succeeded", c: "cancelled" });
  options.keepFailedSeconds = 600;
  now.seconds = 599;
  await run();
  expect(removed).toEqual([runId("b"), runId("c")]);
  removed.length = 0;
  now.seconds = 600;
  await run();
  expect(removed).toEqual([runId("a"), runId("b"), runId("c")]);
  expect(lines.join("\n")).toContain("Removing what a failed run has left");
});

test("whoever held a run that has just ended has time to remove it", async () => {
  const { run, removed, now, options } = await arrange({ a: "failed", b: "succeeded", c: "none" });
  options.holderSeconds = 30;
  now.seconds = 29;
  await run();
  expect(removed).toEqual([runId("c")]);
  now.seconds = 30;
  await run();
  expect(removed).toEqual([runId("c"), runId("a"), runId("b"), runId("c")]);
});

test("what is left behind is gone within a minute, however long the sweep before has taken", async () => {
  vi.useFakeTimers();
  try {
    const { keep, removed, states } = await arrange({});
    const stop = new AbortController();
    const sweeping = keep(stop.signal);
    // It comes just after a first look, while another one is in doubt.
    states["a"] = "none";
    await vi.advanceTimersByTimeAsync(30_001);
    states["b"] = "none";
    await vi.advanceTimersByTimeAsync(doubtMilliseconds);
    expect(removed).toEqual([runId("a")]);
    delete states["a"];
    // The next one begins 30 seconds after this one did, and looks twice as well.
    await vi.advanceTimersByTimeAsync(30_000);
    expect(removed).toEqual([runId("a"), runId("b")]);
    stop.abort();
    await sweeping;
  } finally {
    vi.useRealTimers();
  }
});

test("a cluster that is away isn't waited for once the agent stops", async () => {
  const stop = new AbortController();
  const { events } = await arrange({});
  const launcher = { ...notNeeded, list: () => new Promise<never>(() => {}), remove: fail };
  const logger = createConsoleLogger({ write: fail, now: () => new Date(0), level: "info" });
  const backoff = createBackoff({ signal: stop.signal, random: () => 1 });
  const now = () => new Date(0);
  const swept = sweep({ launcher, events, cluster, backoff, logger, now, keepFailedSeconds: 0, signal: stop.signal });
  stop.abort();
  await swept;
});
