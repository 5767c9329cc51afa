/** What a front door records when things go wrong, or happen twice; test/traces has the whole of it. */
import { describe, expect, test } from "vitest";
import { cluster, createStage, path, succeedWith } from "./app.fixture.ts";
import { interceptBus, type Call } from "./bus.fixture.ts";
import { createMemoryBus } from "./bus/memory/memory-bus.ts";
import { BusUnavailable } from "./bus/port.ts";
import { decodeMessage } from "./contract/decode.ts";
import { RunEvent } from "./contract/events.ts";
import { formatTrace } from "./contract/trace-context.ts";
import { createParties } from "./sealing/sealing.fixture.ts";
import { createRecorder } from "./tracer.fixture.ts";

const parties = await createParties();
const server = "/drivers/:driver/:guresid";

/** A broker that is away, once, before a certain call. */
function failBefore(operation: Call["operation"]) {
  const bus = createMemoryBus();
  let failed = false;
  const appBus = interceptBus(bus, (call) => {
    if (failed || call.operation !== operation) return;
    failed = true;
    throw new BusUnavailable("answer");
  });
  return { bus, appBus };
}

describe("a front door that records", () => {
  test.for(["events.append", "requests.place"] as const)(
    "says that the broker was away at %s, and the run goes on from there all the same",
    async (operation) => {
      const { tracer, spans } = createRecorder();
      const stage = await createStage({ parties, tracer, ...failBefore(operation) });
      expect((await stage.put()).status).toBe(503);
      expect(spans.map(({ name, error }) => [name, error])).toEqual([
        ["send requests", "unavailable"],
        [`PUT ${server}`, "503"],
      ]);
      const [sent] = spans;
      const healed = await stage.put();
      const { run } = await stage.takeRun();
      const { traceparent } = formatTrace(sent?.context ?? expect.unreachable());
      expect(run.order.traceparent).toBe(traceparent);
      const [requested] = await stage.bus.events.read({ cluster, runId: healed.runId ?? "" });
      const event = decodeMessage(RunEvent, requested?.data ?? new Uint8Array());
      expect(event.ok && event.value.traceparent).toBe(traceparent);
      expect(spans.map(({ name }) => name)).toEqual(["send requests", `PUT ${server}`, `PUT ${server}`]);
      expect(spans[2]?.links).toEqual([sent?.context]);
    },
  );

  test("has sent one run for requests that came at once, and has told its end once", async () => {
    const { tracer, spans } = createRecorder();
    const stage = await createStage({ parties, tracer });
    const count = (name: string) => spans.filter((span) => span.name === name).length;
    await Promise.all(Array.from({ length: 10 }, () => stage.put()));
    expect([count("send requests"), count(`PUT ${server}`)]).toEqual([1, 10]);
    await (await stage.takeRun()).end(succeedWith());
    expect(count("answer")).toBe(0);
    for (let i = 0; i < 3; i++) expect((await stage.put()).status).toBe(200);
    await stage.get();
    expect(count("answer")).toBe(1);
    const sent = spans.find(({ name }) => name === "send requests");
    expect(spans.find(({ name }) => name === "answer")?.parent).toEqual(sent?.context);
  });

  test("keeps no path, whoever asks for what", async () => {
    const { tracer, spans } = createRecorder();
    const stage = await createStage({ parties, tracer });
    for (const asked of [`${path}/canary`, "/canary?canary", "/drivers/canary", "/runs/canary"])
      await stage.get({ path: asked });
    expect(spans).toHaveLength(4);
    expect(JSON.stringify(spans)).not.toContain("canary");
  });

  test("logs the trace of a request, its own or its caller's", async () => {
    const { tracer, spans } = createRecorder();
    const recording = await createStage({ parties, tracer });
    await recording.get();
    expect(recording.logged.join("\n")).toContain(`"traceId":"${spans[0]?.context.traceId}"`);
    const silent = await createStage({ parties });
    const traceId = "a".repeat(32);
    await silent.get({ headers: { traceparent: `00-${traceId}-${"b".repeat(16)}-01` } });
    expect(silent.logged.join("\n")).toContain(`"traceId":"${traceId}"`);
    await silent.get();
    expect(silent.logged.at(-1)).not.toContain("traceId");
  });
});
