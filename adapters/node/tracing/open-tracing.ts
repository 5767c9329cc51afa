/** OpenTelemetry's own tracer and exporter behind our port. */
import {
  createTraceState,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type SpanContext,
  type Span as OtelSpan,
} from "@opentelemetry/api";
import { OTLPTraceExporter as JsonExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter as ProtobufExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { detectResources, envDetector, resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import type { TraceContext } from "../../../src/contract/trace-context.ts";
import type { Logger } from "../../../src/log.ts";
import type { Span, Tracer } from "../../../src/tracer.ts";
import { version } from "../version.ts";
import type { TracingConfig } from "./config.ts";
import { createIds } from "./ids.ts";
import { reportFailures } from "./report-failures.ts";
import { chooseSampler } from "./sampler.ts";
import type { Tracing, TracingOptions } from "./tracing.ts";

/** Spans that wait here are lost with a program that is killed. */
const scheduledDelayMillis = 1000;
/** Of a collector that is away or slow: what comes above is dropped. A span is about 1 KiB. */
const maxQueueSize = 2048;
const exportTimeoutMillis = 10_000;
/** Whoever stops a program waits so long for a collector at most. */
const closeMilliseconds = 3000;

export function openTracing(
  url: string,
  { config, program, instance, logger }: TracingOptions & { config: TracingConfig },
): Tracing {
  const ids = createIds();
  const own = logger.child({ component: "tracing" });
  const exporter = reportFailures(createExporter(url, config), own);
  const provider = new TracerProvider({
    resource: describeProgram(program, instance),
    sampler: chooseSampler(config),
    idGenerator: ids,
    spanProcessors: [new BatchSpanProcessor({ exporter, scheduledDelayMillis, maxQueueSize, exportTimeoutMillis })],
  });
  const tracer = provider.getTracer("container-driver", version);
  return {
    tracer: {
      begin(name, { kind, parent, at, attributes = {}, links = [], ids: given }) {
        const context = parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, toOtel(parent));
        const options = {
          kind: SpanKind[kind.toUpperCase() as Uppercase<typeof kind>],
          startTime: at,
          attributes: { ...attributes },
          links: links.map((link) => ({ context: toOtel(link) })),
        };
        return wrap(ids.use(given, () => tracer.startSpan(name, options, context)));
      },
    } satisfies Tracer,
    close: () => closeWithin(provider, own),
  };
}

/** What can't be sent is reported where it is sent; what there was no time for is reported here. */
async function closeWithin(provider: TracerProvider, logger: Logger): Promise<void> {
  const closed = provider.shutdown().then(
    () => true,
    () => true,
  );
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => (timer = setTimeout(() => resolve(false), closeMilliseconds)));
  if (!(await Promise.race([closed, late])))
    logger.warn({ milliseconds: closeMilliseconds }, "The last spans are lost: the collector does not take them");
  clearTimeout(timer);
}

function createExporter(url: string, config: TracingConfig) {
  const { OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: own, OTEL_EXPORTER_OTLP_PROTOCOL: common } = config;
  return (own ?? common) === "http/json" ? new JsonExporter({ url }) : new ProtobufExporter({ url });
}

/** `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` say it better where they are set. */
function describeProgram(program: TracingOptions["program"], instance: string | undefined) {
  const own = resourceFromAttributes({
    "service.name": program === "standalone" ? "container-driver" : `container-driver-${program}`,
    "service.version": version,
    ...(instance === undefined ? {} : { "service.instance.id": instance }),
  });
  return own.merge(detectResources({ detectors: [envDetector] }));
}

function wrap(span: OtelSpan): Span {
  return {
    context: fromOtel(span.spanContext()),
    rename: (name) => void span.updateName(name),
    describe: (attributes) => void span.setAttributes({ ...attributes }),
    link: (context) => void span.addLink({ context: toOtel(context) }),
    end({ at, error }) {
      if (error !== undefined) {
        span.setAttribute("error.type", error);
        span.setStatus({ code: SpanStatusCode.ERROR, message: error });
      }
      span.end(at);
    },
  };
}

function toOtel({ traceId, spanId, flags, state }: TraceContext): SpanContext {
  const context = { traceId, spanId, traceFlags: flags, isRemote: true };
  return state === undefined ? context : { ...context, traceState: createTraceState(state) };
}

function fromOtel({ traceId, spanId, traceFlags, traceState }: SpanContext): TraceContext {
  const state = traceState?.serialize() ?? "";
  return { traceId, spanId, flags: traceFlags, ...(state === "" ? {} : { state }) };
}
