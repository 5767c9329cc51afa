import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { BusHolderOptions, OpenedBus } from "./bus-holder.ts";
import { createLazyBus } from "./lazy-bus.ts";
import { createMemoryBus } from "./memory/memory-bus.ts";
import { BusUnavailable, type Bus } from "./port.ts";

const run = { cluster: "local", runId: "01k9zz0000000000000000000a" };
const toBytes = (text: string) => new TextEncoder().encode(text);
const patienceMilliseconds = 900;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** An opener that the test decides about: each attempt stays open until it is settled. */
function createOpener() {
  const attempts: (PromiseWithResolvers<OpenedBus> & { signal: AbortSignal })[] = [];
  const open: BusHolderOptions["open"] = (signal) => {
    const attempt = { ...Promise.withResolvers<OpenedBus>(), signal };
    attempts.push(attempt);
    return attempt.promise;
  };
  return { attempts, open };
}

/** A bus in memory that counts how often it was closed, and can be lost. */
function createTraced(bus: Bus = createMemoryBus()) {
  const { promise: lost, resolve: lose } = Promise.withResolvers<void>();
  const traced = { closed: 0, lose, bus, opened: { lost, bus: { ...bus, close } } };
  async function close() {
    traced.closed++;
    await bus.close();
  }
  return traced;
}

async function readRefusal(call: Promise<unknown>): Promise<BusUnavailable> {
  const refusal = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (refusal instanceof BusUnavailable) return refusal;
  return expect.unreachable("must reject with BusUnavailable");
}

describe("a lazy bus", () => {
  test("opens nothing before it is used, and one bus for all who use it at once", async () => {
    const { attempts, open } = createOpener();
    const bus = createLazyBus({ open, patienceMilliseconds });
    expect(attempts).toHaveLength(0);
    const calls = [bus.records.get("a.b"), bus.events.last(run), bus.logs.last(run)];
    attempts[0]?.resolve(createTraced().opened);
    expect(await Promise.all(calls)).toEqual([undefined, undefined, undefined]);
    await bus.records.get("a.b");
    expect(attempts).toHaveLength(1);
  });

  test("doesn't wait for longer than its patience, and uses the bus once it is there", async () => {
    const { attempts, open } = createOpener();
    const bus = createLazyBus({ open, patienceMilliseconds });
    const refused = readRefusal(bus.records.get("a.b"));
    await vi.advanceTimersByTimeAsync(patienceMilliseconds);
    expect((await refused).message).toBe("Cannot reach the broker in time: the broker does not answer");
    attempts[0]?.resolve(createTraced().opened);
    expect(await bus.records.get("a.b")).toBeUndefined();
    expect(attempts).toHaveLength(1);
  });

  test("says why it could not be opened, and tries again the next time", async () => {
    const { attempts, open } = createOpener();
    const bus = createLazyBus({ open, patienceMilliseconds });
    const refused = readRefusal(bus.events.last(run));
    attempts[0]?.reject(new Error("Cannot use nats-server 2.8.4: 2.9 or newer is needed"));
    expect((await refused).message).toMatch(/2\.8\.4: 2\.9 or newer is needed$/);
    const again = bus.events.last(run);
    attempts[1]?.resolve(createTraced().opened);
    expect(await again).toBeUndefined();
  });

  test("opens another one when it has lost the first", async () => {
    const { attempts, open } = createOpener();
    const bus = createLazyBus({ open, patienceMilliseconds });
    const first = createTraced();
    const call = bus.events.last(run);
    attempts[0]?.resolve(first.opened);
    await call;
    first.lose();
    await vi.advanceTimersByTimeAsync(0);
    const next = bus.events.last(run);
    attempts[1]?.resolve(createTraced().opened);
    expect(await next).toBeUndefined();
  });
});

describe("whoever follows through a lazy bus", () => {
  test("waits out a broker that is away, and goes on behind what was seen when the bus is lost", async () => {
    const { attempts, open } = createOpener();
    const bus = createLazyBus({ open, patienceMilliseconds });
    const memory = createMemoryBus();
    const { sequence } = await appendTo(memory, "one", 0);
    const end = new AbortController();
    const seen: string[] = [];
    const following = (async () => {
      for await (const { data } of bus.events.follow(run, { after: 0, signal: end.signal }))
        seen.push(new TextDecoder().decode(data));
    })();
    attempts[0]?.reject(new Error("no route"));
    await vi.advanceTimersByTimeAsync(300);
    const { opened, lose } = createTraced(memory);
    const cut = new AbortController();
    attempts[1]?.resolve({ ...opened, bus: cutOff(memory, cut.signal) });
    await vi.advanceTimersByTimeAsync(1);
    expect(seen).toEqual(["one"]);
    cut.abort();
    lose();
    await appendTo(memory, "two", sequence);
    await vi.advanceTimersByTimeAsync(300);
    attempts[2]?.resolve({ bus: memory, lost: new Promise(() => {}) });
    await vi.advanceTimersByTimeAsync(1);
    expect(seen).toEqual(["one", "two"]);
    end.abort();
    await following;
  });

  test("ends without an error when the signal aborts, or the bus closes, while there is no broker", async () => {
    const { open } = createOpener();
    const bus = createLazyBus({ open, patienceMilliseconds });
    const end = new AbortController();
    const aborted = bus.events.follow(run, { after: 0, signal: end.signal })[Symbol.asyncIterator]().next();
    const closed = bus.requests.take("local", { signal: new AbortController().signal })[Symbol.asyncIterator]().next();
    end.abort();
    await Promise.all([bus.close(), vi.advanceTimersByTimeAsync(3 * patienceMilliseconds)]);
    expect(await Promise.all([aborted, closed])).toEqual([
      { done: true, value: undefined },
      { done: true, value: undefined },
    ]);
  });
});

describe("an idle lazy bus", () => {
  const idleMilliseconds = 30_000;

  test("is closed, and opened again when it is used again", async () => {
    const { attempts, open } = createOpener();
    const bus = createLazyBus({ open, patienceMilliseconds, idleMilliseconds });
    const first = createTraced();
    const call = bus.events.last(run);
    attempts[0]?.resolve(first.opened);
    await call;
    await vi.advanceTimersByTimeAsync(idleMilliseconds - 1);
    expect(first.closed).toBe(0);
    await bus.events.last(run);
    await vi.advanceTimersByTimeAsync(idleMilliseconds - 1);
    expect(first.closed).toBe(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(first.closed).toBe(1);
    const again = bus.events.last(run);
    attempts[1]?.resolve(createTraced().opened);
    expect(await again).toBeUndefined();
  });

  test("isn't idle while somebody follows", async () => {
    const { attempts, open } = createOpener();
    const bus = createLazyBus({ open, patienceMilliseconds, idleMilliseconds });
    const first = createTraced();
    const end = new AbortController();
    const next = bus.events.follow(run, { after: 0, signal: end.signal })[Symbol.asyncIterator]().next();
    attempts[0]?.resolve(first.opened);
    await vi.advanceTimersByTimeAsync(2 * idleMilliseconds);
    expect(first.closed).toBe(0);
    end.abort();
    await vi.advanceTimersByTimeAsync(idleMilliseconds + 1000);
    expect([await next, first.closed]).toEqual([{ done: true, value: undefined }, 1]);
  });

  test("gives up an attempt that nobody waits for, and closes what comes of it all the same", async () => {
    const { attempts, open } = createOpener();
    const bus = createLazyBus({ open, patienceMilliseconds, idleMilliseconds });
    const refused = readRefusal(bus.events.last(run));
    await vi.advanceTimersByTimeAsync(patienceMilliseconds);
    await refused;
    expect(attempts[0]?.signal.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(idleMilliseconds);
    expect(attempts[0]?.signal.aborted).toBe(true);
    const late = createTraced();
    attempts[0]?.resolve(late.opened);
    await vi.advanceTimersByTimeAsync(0);
    expect(late.closed).toBe(1);
  });
});

describe("closing a lazy bus", () => {
  test("closes the real one, and refuses what is asked from then on; twice is fine", async () => {
    const { attempts, open } = createOpener();
    const bus = createLazyBus({ open, patienceMilliseconds });
    const real = createTraced();
    const call = bus.events.last(run);
    attempts[0]?.resolve(real.opened);
    await call;
    await bus.close();
    await bus.close();
    expect(real.closed).toBe(1);
    expect((await readRefusal(bus.records.get("a.b"))).message).toMatch(/the bus is closed$/);
    expect(attempts).toHaveLength(1);
  });

  test("doesn't wait for a broker that never comes", async () => {
    const { attempts, open } = createOpener();
    const bus = createLazyBus({ open, patienceMilliseconds });
    const refused = readRefusal(bus.events.last(run));
    const closed = bus.close();
    expect(attempts[0]?.signal.aborted).toBe(true);
    await vi.advanceTimersByTimeAsync(patienceMilliseconds);
    await closed;
    await refused;
  });
});

async function appendTo(bus: Bus, text: string, after: number) {
  const appended = await bus.events.append(run, toBytes(text), { id: text, after });
  return appended.kind === "appended" ? appended : expect.unreachable("nobody else writes here");
}

/** The same bus, whose followers are let go when the signal aborts, as those of a closed connection are. */
function cutOff(bus: Bus, cut: AbortSignal): Bus {
  const { events } = bus;
  return {
    ...bus,
    events: {
      ...events,
      follow: (address, { after, signal }) => events.follow(address, { after, signal: AbortSignal.any([signal, cut]) }),
    },
  };
}
