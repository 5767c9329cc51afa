/** A run's place in a trace: what it goes on from, and what main goes on from. */
import type { RunOrder } from "../../src/contract/run.ts";
import { formatTrace, parseTrace, type TraceCarrier, type TraceContext } from "../../src/contract/trace-context.ts";
import { describeRun, type SpanAttributes, type Span, type Tracer } from "../../src/tracer.ts";
import { buildSpanId, buildTraceId } from "./ids.ts";

/** Moments of a run that its events don't tell, as this replica saw them. */
export interface Moments {
  /** There was a workload. */
  launched?: Date;
  /** Main was started, as its launcher has it. */
  mainStarted?: Date;
  /** Its end was stored. */
  stored?: Date;
}

export interface RunTrace {
  readonly traceId: string | undefined;
  /** The context that the run's events name. */
  readonly traceparent: string | undefined;
  /** What main is told; undefined: the run is in no trace. */
  readonly main: TraceCarrier | undefined;
  readonly moments: Moments;
}

/** Begins the span of the whole run, left out: when it was placed. One that isn't ended was none. */
export function beginRun(
  tracer: Tracer,
  order: RunOrder,
  { at = new Date(order.requestedAt), attributes = {} }: { at?: Date; attributes?: SpanAttributes } = {},
): Span {
  const { runId } = order;
  return tracer.begin(`run ${order.action}`, {
    kind: "consumer",
    parent: parseTrace(order.traceparent, order.tracestate),
    at,
    attributes: { ...describeRun(order), "messaging.system": "nats", ...attributes },
    ids: { traceId: buildTraceId(runId), spanId: buildSpanId(runId, "run") },
  });
}

/** Without a tracer the run's trace is handed on to main as it came, as no span of ours stands between. */
export function joinTrace(order: RunOrder, tracer: Tracer | undefined): RunTrace {
  const parent = parseTrace(order.traceparent, order.tracestate);
  const run = tracer && beginRun(tracer, order).context;
  const main = run === undefined ? parent : nameMain(run, order.runId);
  return {
    traceId: (run ?? parent)?.traceId,
    traceparent: (parent ?? run) && formatTrace(parent ?? (run as TraceContext)).traceparent,
    main: main && formatTrace(main),
    moments: {},
  };
}

/** The span of main is known before there is a main. */
function nameMain(run: TraceContext, runId: string): TraceContext {
  return { ...run, spanId: buildSpanId(runId, "main") };
}
