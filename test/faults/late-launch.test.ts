/**
 * A replica that is cut off from everything right before it launches a run. Meanwhile another one carries the run out to its
 * end, and leaves nothing of it that the first one could find.
 */
import { bufferLimits } from "../../k8s-agent/logs/chunk-buffer.ts";
import { createReadAheadBudget } from "../../k8s-agent/logs/read-ahead-budget.ts";
import { join } from "node:path";
import { expect, test } from "vitest";
import { carryOut, type CarryOutOptions } from "../../k8s-agent/carry-out.ts";
import { createTurns } from "../../k8s-agent/intake/turns.ts";
import { createHeldRuns } from "../../k8s-agent/watch/held-runs.ts";
import { createMemoryBus } from "../../src/bus/memory/memory-bus.ts";
import { BusUnavailable, type Bus, type Lease } from "../../src/bus/port.ts";
import { decodeMessage, encodeMessage } from "../../src/contract/decode.ts";
import { RunEvent } from "../../src/contract/events.ts";
import { createConsoleLogger } from "../../src/log.ts";
import { address, createParties, sealRequest, take } from "../../src/sealing/sealing.fixture.ts";
import { openLocalPlace } from "../launcher/local-place.ts";
import { createLocalWitness } from "../support/witness.ts";
import { timeout } from "./stage.ts";

test("doesn't launch it a second time when it is back", { timeout }, async ({ onTestFinished }) => {
  const place = await openLocalPlace();
  onTestFinished(() => place.close());
  const witness = await createLocalWitness(join(place.directory, "witnesses"));
  const parties = await createParties();
  const command = ["/bin/sh", "-c", `echo executed >> ${witness.path}/executions`];
  const values = { job: { image: "busybox", command } };
  const { request } = await sealRequest(parties, { type: "postgres", resource: {}, values, secrets: {} });
  const bus = createMemoryBus({ leaseMilliseconds: 2000 });
  onTestFinished(() => bus.close());
  const outage = createOutage();
  const lines: string[] = [];
  const options: Omit<CarryOutOptions, "bus" | "agent" | "launcher" | "turns"> = {
    keys: parties.agent,
    graceSeconds: 1,
    logger: createConsoleLogger({ write: (line) => lines.push(line), now: () => new Date(), level: "warn" }),
    now: () => new Date("2026-11-20T12:00:00.000Z"),
    random: Math.random,
    signal: new AbortController().signal,
    held: createHeldRuns(() => undefined),
    readAheadBudget: createReadAheadBudget(bufferLimits),
  };
  const carry = (agent: string, lease: Lease, by: Bus) =>
    carryOut(lease, { ...options, bus: by, agent, launcher: place.create(), turns: createTurns() });

  await bus.requests.place(address, encodeMessage(request));
  const first = carry("first", outage.cutLease(await takeOne(bus)), outage.cutBus(bus));
  await outage.begun;
  await carry("second", await takeOne(bus), bus);
  const launcher = place.create();
  expect(await launcher.list()).not.toContain(address.runId);
  outage.end();
  await first;
  expect(await launcher.list()).not.toContain(address.runId);
  expect(await witness.read("executions")).toBe("executed\n");
  expect(lines.join("\n")).toContain("Stood down from a run");
  expect(await readLastPhase(bus)).toBe("succeeded");
});

/** From when a replica's `starting` is stored, until the test ends it. */
function createOutage() {
  const begun = Promise.withResolvers<void>();
  const over = Promise.withResolvers<void>();
  let isAway = false;
  return {
    begun: begun.promise,
    cutLease: (lease: Lease): Lease => ({
      ...lease,
      async renew() {
        if (isAway) throw new BusUnavailable("renew a lease");
        await lease.renew();
      },
    }),
    cutBus: (bus: Bus): Bus => ({
      ...bus,
      events: {
        ...bus.events,
        async append(run, data, expected) {
          const appended = await bus.events.append(run, data, expected);
          if (take(decodeMessage(RunEvent, data)).data.phase !== "starting") return appended;
          isAway = true;
          begun.resolve();
          await over.promise;
          return appended;
        },
      },
    }),
    end() {
      isAway = false;
      over.resolve();
    },
  };
}

async function takeOne(bus: Bus): Promise<Lease> {
  for await (const lease of bus.requests.take(address.cluster, { signal: AbortSignal.timeout(20_000) })) return lease;
  throw new Error("Nothing is in the queue");
}

async function readLastPhase(bus: Bus) {
  const last = await bus.events.last(address);
  return last && take(decodeMessage(RunEvent, last.data)).data.phase;
}
