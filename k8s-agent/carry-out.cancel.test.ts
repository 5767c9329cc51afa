/** What becomes of a run that somebody cancels, on a bus in memory and with a launcher that the test plays. */
import { expect, test } from "vitest";
import { createMemoryBus } from "../src/bus/memory/memory-bus.ts";
import type { Lease } from "../src/bus/port.ts";
import type { RunControl } from "../src/contract/control.ts";
import { decodeMessage, encodeMessage } from "../src/contract/decode.ts";
import { RunEvent } from "../src/contract/events.ts";
import { noOutputs } from "../src/contract/outputs.ts";
import { succeed } from "../src/contract/result.ts";
import { createConsoleLogger } from "../src/log.ts";
import { signControl } from "../src/sealing/control.ts";
import type { SigningKey } from "../src/sealing/keys.ts";
import { openResult } from "../src/sealing/result.ts";
import { address, createParties, otherRunId, sealRequest, take } from "../src/sealing/sealing.fixture.ts";
import { carryOut, type CarryOutOptions } from "./carry-out.ts";
import { createTurns } from "./intake/turns.ts";
import { bufferLimits } from "./logs/chunk-buffer.ts";
import { createReadAheadBudget } from "./logs/read-ahead-budget.ts";
import type { Ended, Launched, Launcher } from "./launch/launcher.ts";
import { createHeldRuns } from "./watch/held-runs.ts";

const parties = await createParties();
const stranger = await createParties();
const { request } = await sealRequest(parties);
const sigterm: Ended = { kind: "ended", cause: { kind: "signalled", signal: "SIGTERM" } };
const finished: Ended = {
  kind: "ended",
  cause: { kind: "exited", exitCode: 0 },
  collected: { outputs: succeed(noOutputs), errorText: "", errorBytes: 0 },
};

interface Play {
  /** How main ends when it is stopped. */
  readonly whenStopped?: Ended;
  readonly stop?: () => Promise<void>;
  readonly launched?: Launched;
  /** When the log is whole. */
  readonly logged?: Promise<void>;
}

/** A workload that runs until it is stopped, or until the test lets it finish. */
function arrange({ whenStopped = sigterm, stop = async () => undefined, launched, logged }: Play = {}) {
  const calls: string[] = [];
  const lines: string[] = [];
  const bus = createMemoryBus();
  const end = Promise.withResolvers<Ended>();
  const launcher: Launcher = {
    name: "local",
    async launch(_, { mustExist = false } = {}) {
      calls.push(mustExist ? "find" : "launch");
      return launched ?? { kind: "launched", warnings: [] };
    },
    async *watch(_, { signal }) {
      yield { kind: "running", startedAt: "2026-11-22T00:00:00Z", mainStartedAt: "2026-11-22T00:00:00Z" };
      const aborted = new Promise<undefined>((resolve) => signal.addEventListener("abort", () => resolve(undefined)));
      const ended = await Promise.race([end.promise, aborted]);
      if (ended !== undefined) yield ended;
    },
    async *readLog() {
      await logged;
      yield* [];
    },
    async stop(_, { graceSeconds }) {
      calls.push(`stop ${graceSeconds}`);
      await stop();
      end.resolve(whenStopped);
    },
    remove: async () => undefined,
    list: async () => [],
  };
  const now = () => new Date("2026-11-22T00:00:00.000Z");
  const letGo = new AbortController();
  const options: CarryOutOptions = {
    bus,
    launcher,
    keys: parties.agent,
    agent: "a",
    graceSeconds: 7,
    logger: createConsoleLogger({ write: (line) => lines.push(line), now, level: "info" }),
    now,
    random: () => 0.5,
    signal: letGo.signal,
    held: createHeldRuns(() => undefined),
    turns: createTurns(),
    readAheadBudget: createReadAheadBudget(bufferLimits),
  };
  const ask = async (changed: Partial<RunControl> = {}, signing: SigningKey = parties.frontDoor.signing) => {
    const control: RunControl = { v: 1, kind: "cancel", ...address, by: "alice", at: now().toISOString(), ...changed };
    return put(await signControl(control, signing));
  };
  /** What is there already is replaced, as front doors do. */
  async function put(bytes: Uint8Array) {
    const last = await bus.controls.last(address);
    await bus.controls.append(address, bytes, { id: `${Math.random()}`, after: last?.sequence ?? 0 });
  }
  const deliver = (deliveries = 1) => carryOut(createLease(deliveries), options);
  const finish = (how = finished) => end.resolve(how);
  return { bus, calls, lines, ask, put, deliver, finish, letGo, readPhase, readEnd };

  async function readPhase() {
    const last = await bus.events.last(address);
    return last && take(decodeMessage(RunEvent, last.data)).data.phase;
  }

  /** The end, as the front door believes it. */
  async function readEnd() {
    const last = await bus.events.last(address);
    const { type, data } = take(decodeMessage(RunEvent, last?.data ?? new Uint8Array()));
    const secrets = parties.frontDoor.runSecrets;
    return take(await openResult(data.sealed ?? "", { ...address, type, secrets }));
  }
}

function createLease(deliveries: number): Lease {
  const nothing = async () => undefined;
  return {
    address,
    data: encodeMessage(request),
    deliveries,
    milliseconds: 30_000,
    renew: nothing,
    finish: nothing,
    release: nothing,
  };
}

const cancelledBy = (message: string, evidence?: object) => ({
  kind: "cancelled",
  failure: { reason: "cancelled", message, ...(evidence === undefined ? {} : { evidence }) },
});

test("a run that was cancelled before anybody took it is not launched", async () => {
  const { calls, ask, deliver, readEnd } = arrange();
  await ask();
  await deliver();
  expect(calls).toEqual([]);
  expect(await readEnd()).toEqual(cancelledBy("Cancelled by alice before it was started"));
});

test("a run that is under way is stopped once, with the configured grace, however often it is asked for", async () => {
  const hold = Promise.withResolvers<void>();
  const { calls, ask, deliver, readPhase, readEnd } = arrange({ stop: () => hold.promise });
  const carried = deliver();
  await expect.poll(readPhase).toBe("running");
  await ask();
  await expect.poll(() => calls).toEqual(["launch", "stop 7"]);
  await ask({ by: "bob" });
  hold.resolve();
  await carried;
  expect(calls).toEqual(["launch", "stop 7"]);
  expect(await readEnd()).toEqual(cancelledBy("Cancelled by alice", { signal: "SIGTERM" }));
});

test("a run that finishes although it was asked to stop has succeeded", async () => {
  const { ask, deliver, readPhase, readEnd } = arrange({ whenStopped: finished });
  const carried = deliver();
  await expect.poll(readPhase).toBe("running");
  await ask();
  await carried;
  expect((await readEnd()).kind).toBe("succeeded");
});

test("a run that is cancelled while the rest of its log is read has ended as main has", async () => {
  const { promise: logged, resolve } = Promise.withResolvers<void>();
  const { ask, deliver, finish, readPhase, readEnd } = arrange({ stop: async () => resolve(), logged });
  const carried = deliver();
  await expect.poll(readPhase).toBe("running");
  finish({ kind: "ended", cause: { kind: "exited", exitCode: 3 }, stopped: false });
  await ask();
  await carried;
  expect(await readEnd()).toMatchObject({ kind: "failed", failure: { reason: "exit-code" } });
});

test("stopping is tried again until it works", async () => {
  let failures = 2;
  const { calls, lines, ask, deliver, readPhase, readEnd } = arrange({
    async stop() {
      if (failures-- > 0) throw new Error("the API server is away");
    },
  });
  const carried = deliver();
  await expect.poll(readPhase).toBe("running");
  await ask();
  await carried;
  expect(calls).toEqual(["launch", "stop 7", "stop 7", "stop 7"]);
  expect(lines.filter((line) => line.includes("the API server is away"))).toHaveLength(2);
  expect((await readEnd()).kind).toBe("cancelled");
});

test("a run that ends while it can't be stopped is let go at once", async () => {
  const { ask, deliver, finish, readPhase, readEnd } = arrange({
    async stop() {
      finish();
      throw new Error("the API server is away");
    },
  });
  const carried = deliver();
  await expect.poll(readPhase).toBe("running");
  await ask();
  await carried;
  expect((await readEnd()).kind).toBe("succeeded");
});

test("whoever adopts a run that was cancelled stops it", async () => {
  const { calls, ask, deliver, letGo, readPhase, bus } = arrange();
  const first = deliver();
  await expect.poll(readPhase).toBe("running");
  letGo.abort();
  await first;
  await ask();
  const second = arrange();
  const last = await bus.events.last(address);
  await second.bus.events.append(address, last?.data ?? new Uint8Array(), { id: "running", after: 0 });
  await second.ask();
  await second.deliver(2);
  expect(calls).toEqual(["launch"]);
  expect(second.calls).toEqual(["find", "stop 7"]);
  expect((await second.readEnd()).kind).toBe("cancelled");
});

test.each([
  ["is found and stopped", { kind: "existing", warnings: [] }, ["find", "stop 7"], "Cancelled by alice"],
  ["never was", { kind: "missing" }, ["find"], "Cancelled by alice before it was started"],
] as const)("a workload that a dead replica may have launched %s", async (_, launched, expected, message) => {
  const { bus, calls, ask, deliver, readEnd } = arrange({ launched });
  await begin(bus, "starting");
  await ask();
  await deliver(2);
  expect(calls).toEqual(expected);
  expect(await readEnd()).toMatchObject(cancelledBy(message));
});

async function begin(bus: ReturnType<typeof arrange>["bus"], phase: "starting") {
  const common = { driver: "container", guresid: "a-db", type: "postgres", action: "create" } as const;
  const event: RunEvent = {
    specversion: "1.0",
    id: "1",
    source: "/clusters/local/agents/dead",
    type: `run.${phase}.v1`,
    subject: "a-db",
    time: "2026-11-22T00:00:00.000Z",
    data: { ...address, ...common, phase, delivery: 1 },
  };
  await bus.events.append(address, encodeMessage(event), { id: "1", after: 0 });
}

test.each<[string, Partial<RunControl>, SigningKey | undefined]>([
  ["by somebody whom nobody trusts", {}, stranger.frontDoor.signing],
  ["for another run", { runId: otherRunId }, undefined],
  ["for another cluster's run", { cluster: "elsewhere" }, undefined],
])("a control that was signed %s stops nothing, and a real one behind it does", async (_, changed, signing) => {
  const { calls, lines, ask, deliver, readPhase, readEnd } = arrange();
  await ask(changed, signing);
  const carried = deliver();
  await expect.poll(readPhase).toBe("running");
  await expect.poll(() => lines.filter((line) => line.includes("Ignored what was asked of a run"))).toHaveLength(2);
  expect(calls).toEqual(["launch"]);
  await ask();
  await carried;
  expect((await readEnd()).kind).toBe("cancelled");
});

test("rubbish on a run's subject stops nothing and harms nothing", async () => {
  const { calls, lines, put, deliver, finish, readPhase, readEnd } = arrange();
  await put(new Uint8Array([0xff, 0xfe]));
  const carried = deliver();
  await expect.poll(readPhase).toBe("running");
  for (const text of ["", "a.b.c", "{}", "x".repeat(100_000)]) await put(new TextEncoder().encode(text));
  await expect.poll(() => lines.filter((line) => line.includes("Ignored"))).toHaveLength(6);
  finish();
  await carried;
  expect(calls).toEqual(["launch"]);
  expect((await readEnd()).kind).toBe("succeeded");
});
