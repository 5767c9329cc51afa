/** What carrying out does when something fails, on a bus in memory and with a launcher that the test plays. */
import { describe, expect, test, vi } from "vitest";
import { createMemoryBus } from "../src/bus/memory/memory-bus.ts";
import { BusUnavailable, type Bus, type Lease } from "../src/bus/port.ts";
import { decodeMessage, encodeMessage } from "../src/contract/decode.ts";
import { RunEvent } from "../src/contract/events.ts";
import { noOutputs } from "../src/contract/outputs.ts";
import { succeed } from "../src/contract/result.ts";
import { createConsoleLogger } from "../src/log.ts";
import { address, createParties, sealRequest, take } from "../src/sealing/sealing.fixture.ts";
import { carryOut, type CarryOutOptions } from "./carry-out.ts";
import { mostDeliveries } from "./execute.ts";
import { createTurns } from "./intake/turns.ts";
import { bufferLimits } from "./logs/chunk-buffer.ts";
import { createReadAheadBudget } from "./logs/read-ahead-budget.ts";
import type { Ended, Launched, Launcher } from "./launch/launcher.ts";
import { createHeldRuns } from "./watch/held-runs.ts";

const parties = await createParties();
const { request } = await sealRequest(parties);

/** What the launcher and the lease were asked, in order. */
type Calls = string[];

const succeeded: Ended = {
  kind: "ended",
  cause: { kind: "exited", exitCode: 0 },
  collected: { outputs: succeed(noOutputs), errorText: "", errorBytes: 0 },
};

function createLauncher(calls: Calls, changed: Partial<Launcher> = {}): Launcher {
  return {
    name: "local",
    async launch() {
      calls.push("launch");
      return { kind: "launched", warnings: [] };
    },
    async *watch() {
      yield succeeded;
    },
    async *readLog() {
      yield* [];
    },
    stop: async () => undefined,
    async remove() {
      calls.push("remove");
    },
    list: async () => [],
    ...changed,
  };
}

function createLease(calls: Calls, deliveries = 1, changed: Partial<Lease> = {}): Lease {
  return {
    address,
    data: encodeMessage(request),
    deliveries,
    milliseconds: 30_000,
    renew: async () => undefined,
    async finish() {
      calls.push("finish");
    },
    async release(delay) {
      calls.push(`release ${delay}`);
    },
    ...changed,
  };
}

function arrange(changed: (calls: Calls) => Partial<Launcher> = () => ({})) {
  const calls: Calls = [];
  const bus = createMemoryBus();
  const lines: string[] = [];
  const now = () => new Date("2026-11-22T00:00:00.000Z");
  const stopping = new AbortController();
  const options: CarryOutOptions = {
    bus,
    launcher: createLauncher(calls, changed(calls)),
    keys: parties.agent,
    agent: "a",
    graceSeconds: 1,
    logger: createConsoleLogger({ write: (line) => lines.push(line), now, level: "info" }),
    now,
    random: Math.random,
    signal: stopping.signal,
    held: createHeldRuns(() => undefined),
    turns: createTurns(),
    readAheadBudget: createReadAheadBudget(bufferLimits),
  };
  const deliver = (deliveries?: number, lease?: Partial<Lease>) =>
    carryOut(createLease(calls, deliveries, lease), options);
  return { calls, bus, lines, options, deliver, stopping };
}

async function readEvents(bus: Bus): Promise<RunEvent[]> {
  const last = await bus.events.last(address);
  const events: RunEvent[] = [];
  if (last === undefined) return events;
  for await (const { data, sequence } of bus.events.follow(address, {
    after: 0,
    signal: AbortSignal.timeout(20_000),
  })) {
    events.push(take(decodeMessage(RunEvent, data)));
    if (sequence === last.sequence) break;
  }
  return events;
}

const readPhases = async (bus: Bus) => (await readEvents(bus)).map(({ data }) => data.phase);

test("the bytes of a request are not held while its run goes on", async () => {
  const lease = createLease([]);
  let held: number | undefined;
  const { options } = arrange(() => ({
    async *watch() {
      held = lease.data.length;
      yield succeeded;
    },
  }));
  await carryOut(lease, options);
  expect(held).toBe(0);
});

test("a run that has ended leaves nothing behind, and its request goes last", async () => {
  const { calls, bus, deliver } = arrange();
  await deliver();
  expect(calls).toEqual(["launch", "remove", "finish"]);
  expect(await readPhases(bus)).toEqual(["accepted", "starting", "succeeded"]);
});

test("a run whose end is stored already is tidied up by whoever gets its request again", async () => {
  const { calls, bus, deliver } = arrange();
  await deliver();
  await deliver(2);
  expect(calls).toEqual(["launch", "remove", "finish", "remove", "finish"]);
  expect(await readPhases(bus)).toEqual(["accepted", "starting", "succeeded"]);
});

test("a workload that can't be removed doesn't hold up the queue", async () => {
  const { calls, lines, deliver } = arrange(() => ({
    async remove() {
      throw new Error("EBUSY");
    },
  }));
  await deliver();
  expect(calls).toEqual(["launch", "finish"]);
  expect(lines.join("\n")).toContain("EBUSY");
});

test("trouble that may pass gives the request back, later each time", async () => {
  const { calls, bus, deliver } = arrange(() => ({
    async launch() {
      throw new Error("ENOSPC: no space left on device");
    },
  }));
  for (const delivery of [1, 2, 3, 9]) await deliver(delivery);
  expect(calls).toEqual(["release 2000", "release 4000", "release 8000", "release 60000"]);
  expect((await readPhases(bus)).at(-1)).toBe("starting");
});

test("a run that can't be started however often it is tried ends with the reason, and the queue moves on", async () => {
  const { calls, bus, deliver } = arrange(() => ({
    async launch() {
      throw new Error("ENOSPC: no space left on device");
    },
  }));
  for (const delivery of [1, mostDeliveries]) await deliver(delivery);
  expect(calls).toEqual(["release 2000", "remove", "finish"]);
  const end = (await readEvents(bus)).at(-1)?.data;
  expect(end?.failure?.reason).toBe("start-failed");
  expect(end?.failure?.message).toMatch(/^Cannot start the run: ENOSPC.*after 10 attempts/);
});

describe("a refusal to launch", () => {
  const refused = {
    kind: "refused",
    message: "Cannot create Job runs/x: no right",
    evidence: { status: 403 },
  } as const;
  const refuse = (launched: Launched) => arrange(() => ({ launch: async () => launched }));
  const failureOf = async (bus: Bus) => (await readEvents(bus)).at(-1)?.data.failure;

  test("fails the run at once", async () => {
    const { calls, bus, deliver } = refuse(refused);
    await deliver();
    expect(calls).toEqual(["remove", "finish"]);
    expect(await failureOf(bus)).toEqual({ ...refused, kind: undefined, reason: "launch-refused" });
  });

  test("that may pass gives the request back, and says why once", async () => {
    const { calls, bus, lines, deliver } = refuse({ ...refused, mayPass: true });
    for (const delivery of [1, 2, mostDeliveries - 1]) await deliver(delivery);
    expect(calls).toEqual(["release 2000", "release 4000", "release 60000"]);
    const warnings = (await readEvents(bus)).flatMap(({ data }) => data.warning ?? []);
    expect(warnings).toEqual([`${refused.message}; it is tried again`]);
    expect(lines.filter((line) => line.includes(refused.message))).toHaveLength(3);
  });

  test("that should have passed, and has not, fails the run as what it is", async () => {
    const { calls, bus, deliver } = refuse({ ...refused, mayPass: true });
    for (const delivery of [1, mostDeliveries]) await deliver(delivery);
    expect(calls).toEqual(["release 2000", "remove", "finish"]);
    const message = `${refused.message} (given up after ${mostDeliveries} attempts)`;
    expect(await failureOf(bus)).toEqual({ message, evidence: refused.evidence, reason: "launch-refused" });
  });
});

test("a run that is under way and can't be watched however often it is tried is lost, and says why", async () => {
  const { bus, calls, deliver } = arrange(() => ({
    async *watch() {
      yield { kind: "running", startedAt: "2026-11-22T00:00:00Z", mainStartedAt: "2026-11-22T00:00:00Z" };
      throw new Error("the socket is broken");
    },
  }));
  for (const delivery of [1, mostDeliveries]) await deliver(delivery);
  expect(calls.slice(-2)).toEqual(["remove", "finish"]);
  const end = (await readEvents(bus)).at(-1)?.data;
  expect(end?.failure?.reason).toBe("lost");
  expect(end?.failure?.message).toContain("the socket is broken");
});

test("what its launcher knows of main's start is told as it starts", async () => {
  const known = {
    commit: "c0ffee",
    setup: { startedAt: "2026-11-22T00:00:01.000Z", endedAt: "2026-11-22T00:00:02.000Z" },
  };
  const { bus, deliver } = arrange(() => ({
    async *watch() {
      yield { kind: "running", startedAt: "2026-11-22T00:00:00Z", mainStartedAt: "2026-11-22T00:00:03Z", ...known };
      yield succeeded;
    },
  }));
  await deliver();
  expect((await readEvents(bus)).find(({ data }) => data.phase === "running")?.data).toMatchObject(known);
});

test("a run whose time is over while the rest of its log is read has ended as main has", async () => {
  const asked = Promise.withResolvers<void>();
  const { bus, deliver } = arrange(() => ({
    async *watch() {
      yield { kind: "running", startedAt: "2026-11-21T00:00:00Z", mainStartedAt: "2026-11-21T00:00:00Z" };
      yield { ...succeeded, stopped: false };
    },
    async *readLog() {
      await asked.promise;
      yield* [];
    },
    stop: async () => asked.resolve(),
  }));
  await deliver();
  expect(await readPhases(bus)).toEqual(["accepted", "starting", "running", "succeeded"]);
});

test("the same request twice at once is carried out once, and undisturbed", async () => {
  const go = Promise.withResolvers<void>();
  const { calls, bus, lines, deliver } = arrange(() => ({
    async *watch() {
      await go.promise;
      yield { kind: "ended", cause: { kind: "exited", exitCode: 1 } };
    },
  }));
  const first = deliver(1);
  const second = deliver(2);
  await expect.poll(() => readPhases(bus)).toEqual(["accepted", "starting"]);
  go.resolve();
  await Promise.all([first, second]);
  expect(calls).toEqual(["launch", "remove", "finish", "remove", "finish"]);
  expect(await readPhases(bus)).toEqual(["accepted", "starting", "failed"]);
  expect(lines.join("\n")).not.toContain("Stood down");
});

test("a replica that is stopped gives back what it carries out and what waits behind it, at once", async () => {
  const { calls, bus, deliver, stopping } = arrange(() => ({
    async *watch(_, { signal }) {
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      yield* [];
    },
  }));
  const both = [deliver(1), deliver(2)];
  await expect.poll(() => readPhases(bus)).toEqual(["accepted", "starting"]);
  stopping.abort();
  await Promise.all(both);
  expect(calls).toEqual(["launch", "release 0", "release 0"]);
  expect(await readPhases(bus)).toEqual(["accepted", "starting"]);
});

test("a launch that takes longer than the lease lasts is let go, as another replica may do it", async () => {
  const { calls, lines, bus, deliver } = arrange((calls) => ({
    async launch(_, { signal } = {}) {
      calls.push("wait");
      // As a launcher that waits for a cluster which is away.
      while (signal?.aborted === false) await new Promise((resolve) => signal.addEventListener("abort", resolve));
      throw signal?.reason;
    },
  }));
  await deliver(1, {
    milliseconds: 300,
    async renew() {
      throw new BusUnavailable("renew a lease");
    },
  });
  expect(calls).toEqual(["wait"]);
  expect(await readPhases(bus)).toEqual(["accepted", "starting"]);
  expect(lines.join("\n")).toContain("its lease has run out before it was launched");
});

test("whoever was paused right before a launch for longer than the lease lasts doesn't launch", async () => {
  const clock = vi.spyOn(performance, "now");
  const { calls, lines, deliver } = arrange((calls) => ({
    async launch(_, { signal, throwIfLost } = {}) {
      clock.mockReturnValue(performance.now() + 60_000);
      calls.push(`aborted: ${signal?.aborted}`);
      throwIfLost?.();
      calls.push("launch");
      return { kind: "launched", warnings: [] };
    },
  }));
  await deliver().finally(() => clock.mockRestore());
  expect(calls).toEqual(["aborted: false"]);
  expect(lines.join("\n")).toContain("Stood down from a run");
});

test("however often a lease lapses while the broker is away, it is asked once whether the run was taken over", async () => {
  let [renewals, questions] = [0, 0];
  const { bus, deliver, stopping } = arrange(() => ({
    async *watch(_, { signal }) {
      yield { kind: "running", startedAt: "2026-11-22T00:00:00Z", mainStartedAt: "2026-11-22T00:00:00Z" };
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
    },
  }));
  const carried = deliver(1, {
    milliseconds: 30,
    async renew() {
      // Each tenth one works, so that it lapses anew.
      if (++renewals % 10 !== 0) throw new BusUnavailable("renew a lease");
    },
  });
  await expect.poll(() => readPhases(bus)).toContain("running");
  const answer = Promise.withResolvers<undefined>();
  vi.spyOn(bus.events, "last").mockImplementation(() => {
    questions++;
    return answer.promise;
  });
  const before = renewals;
  await expect.poll(() => renewals).toBeGreaterThan(before + 30);
  expect(questions).toBe(1);
  answer.resolve(undefined);
  stopping.abort();
  await carried;
});
