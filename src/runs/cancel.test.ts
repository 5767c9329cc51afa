import { expect, test } from "vitest";
import { createMemoryBus } from "../bus/memory/memory-bus.ts";
import { encodeMessage } from "../contract/decode.ts";
import { buildRunEvent, type Phase } from "../contract/events.ts";
import { openControl } from "../sealing/control.ts";
import { address, createParties } from "../sealing/sealing.fixture.ts";
import { createCancel } from "./cancel.ts";

const { frontDoor, agent } = await createParties();
const now = () => new Date("2026-11-22T00:00:00.000Z");

async function arrange(phase?: Phase) {
  const bus = createMemoryBus();
  if (phase !== undefined) {
    const common = { driver: "container", guresid: "a-db", type: "postgres", action: "create" } as const;
    const options = { id: "1", source: "/front-door", time: now() };
    const event = buildRunEvent("warned", { ...address, ...common, phase }, options);
    await bus.events.append(address, encodeMessage(event), { id: "1", after: 0 });
  }
  return { bus, cancelRun: createCancel({ bus, keys: frontDoor, now }).cancelRun };
}

test.each(["requested", "running", "collecting"] as const)("a run that is %s is asked to stop", async (phase) => {
  const { bus, cancelRun } = await arrange(phase);
  expect(await cancelRun(address, { by: "alice\n" })).toEqual({ kind: "asked", status: phase });
  const last = await bus.controls.last(address);
  const opened = await openControl(last?.data ?? new Uint8Array(), { trusted: agent.trusted, address });
  expect(opened).toEqual({
    ok: true,
    value: { v: 1, kind: "cancel", ...address, by: "alice", at: "2026-11-22T00:00:00.000Z" },
  });
});

test.each(["succeeded", "failed", "cancelled"] as const)("of a run that has %s nothing is asked", async (phase) => {
  const { bus, cancelRun } = await arrange(phase);
  expect(await cancelRun(address, { by: "alice" })).toEqual({ kind: "ended", status: phase });
  expect(await bus.controls.last(address)).toBeUndefined();
});

test("a run that there isn't is unknown", async () => {
  const { bus, cancelRun } = await arrange();
  expect(await cancelRun(address, { by: "alice" })).toEqual({ kind: "unknown" });
  expect(await bus.controls.last(address)).toBeUndefined();
});

test("many who ask at once have all asked, and who asks again is heard again", async () => {
  const { bus, cancelRun } = await arrange("running");
  const asked = await Promise.all(Array.from({ length: 10 }, () => cancelRun(address, { by: "alice" })));
  expect(asked.map(({ kind }) => kind)).toEqual(asked.map(() => "asked"));
  const before = await bus.controls.last(address);
  await cancelRun(address, { by: "bob" });
  expect((await bus.controls.last(address))?.sequence).toBeGreaterThan(before?.sequence ?? Infinity);
});

test("a bus that is away is an error of its own", async () => {
  const { bus, cancelRun } = await arrange("running");
  await bus.close();
  await expect(cancelRun(address, { by: "alice" })).rejects.toThrow(/Cannot .* the bus is closed/);
});
