/** What a program sends, and keeps, when its collector does this and that. */
import { expect, onTestFinished, test } from "vitest";
import { openTracing } from "../../adapters/node/tracing/open-tracing.ts";
import type { TracingConfig } from "../../adapters/node/tracing/config.ts";
import type { Logger } from "../../src/log.ts";
import type { Tracer } from "../../src/tracer.ts";
import { startCollector } from "./collector.ts";

const at = new Date("2027-01-15T08:00:00.000Z");
const later = new Date("2027-01-15T08:00:01.500Z");

async function arrange(config: TracingConfig = {}) {
  const collector = await startCollector();
  onTestFinished(() => collector.close());
  const warnings: (readonly [string, unknown])[] = [];
  const silent = () => undefined;
  const logger: Logger = {
    debug: silent,
    info: silent,
    error: silent,
    warn: (fields, sentence) => void warnings.push([sentence, fields]),
    child: () => logger,
  };
  const given: TracingConfig = { OTEL_EXPORTER_OTLP_PROTOCOL: "http/json", ...config };
  const tracing = openTracing(`${collector.url}/v1/traces`, {
    config: given,
    program: "agent",
    instance: "a1",
    logger,
  });
  const { tracer } = tracing;
  if (tracer === undefined) throw new Error("Cannot go on: there is no tracer");
  return { collector, tracer, warnings, close: () => tracing.close() };
}

const record = (tracer: Tracer, name: string, error?: string) => {
  const span = tracer.begin(name, { kind: "internal", parent: undefined, at });
  span.end({ at: later, error });
  return span.context;
};

test("A span is sent as it was told, by the program as it is called", async () => {
  const { collector, tracer, close } = await arrange();
  const parent = { traceId: "a".repeat(32), spanId: "b".repeat(16), flags: 1, state: "rojo=1" };
  const link = { traceId: "c".repeat(32), spanId: "d".repeat(16), flags: 1 };
  const ids = { traceId: "e".repeat(32), spanId: "f".repeat(16) };
  const span = tracer.begin("a", { kind: "consumer", parent, at, attributes: { one: 1 }, links: [link], ids });
  expect(span.context).toEqual({ ...parent, spanId: ids.spanId });
  span.rename("b");
  span.describe({ two: "2" });
  span.end({ at: later, error: "exit-code" });
  const own = tracer.begin("root", { kind: "internal", parent: undefined, at, ids });
  own.end({ at });
  await close();
  const [first, second] = collector.spans;
  expect(first).toMatchObject({
    name: "b",
    kind: "consumer",
    traceId: parent.traceId,
    spanId: ids.spanId,
    parentId: parent.spanId,
    traceState: "rojo=1",
    from: at.getTime(),
    to: later.getTime(),
    attributes: { one: 1, two: "2", "error.type": "exit-code" },
    error: "exit-code",
    links: [{ traceId: link.traceId, spanId: link.spanId }],
    service: "container-driver-agent",
    resource: { "service.instance.id": "a1", "service.version": expect.any(String) },
  });
  expect(second).toMatchObject({ ...ids, parentId: undefined });
});

test("A span that isn't ended is never sent", async () => {
  const { collector, tracer, close } = await arrange();
  tracer.begin("unended", { kind: "internal", parent: undefined, at });
  record(tracer, "ended");
  await close();
  expect(collector.spans.map(({ name }) => name)).toEqual(["ended"]);
});

test.for([
  [{ OTEL_TRACES_SAMPLER: "always_off" }, 0],
  [{ OTEL_TRACES_SAMPLER: "parentbased_traceidratio", OTEL_TRACES_SAMPLER_ARG: 0 }, 0],
  [{ OTEL_TRACES_SAMPLER: "traceidratio", OTEL_TRACES_SAMPLER_ARG: 1 }, 1],
  [{ OTEL_TRACES_SAMPLER: "always_on" }, 1],
  [{}, 1],
] as const)("With %j %d of one is recorded, and those who go on are told so", async ([config, count]) => {
  const { collector, tracer, close } = await arrange(config);
  const { flags } = record(tracer, "a");
  await close();
  expect([flags, collector.spans.length]).toEqual([count, count]);
});

test("What a collector does not take is lost, and said once in a while, without its words", async () => {
  const { collector, tracer, warnings, close } = await arrange();
  collector.answerWith(401);
  // A full batch is sent at once.
  for (let i = 0; i < 1024; i++) record(tracer, `span ${i}`);
  await close();
  expect(collector.requests.length).toBeGreaterThanOrEqual(2);
  const problem = { problem: "Unauthorized", spans: 512 };
  expect(warnings).toEqual([["Spans could not be exported, and are lost", problem]]);
});

test("No more is kept than fits, however long a collector doesn't answer", async () => {
  const { collector, tracer, close } = await arrange();
  collector.hold();
  for (let i = 0; i < 20_000; i++) record(tracer, `span ${i}`);
  collector.release();
  await close();
  // One batch under way, and a full queue.
  expect(collector.spans.length).toBeGreaterThan(0);
  expect(collector.spans.length).toBeLessThanOrEqual(512 + 2048);
});
