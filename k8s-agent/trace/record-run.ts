/**
 * Records a run's spans once its end is stored: all of them at once, by whoever finds the run ended. A replica that dies
 * before that leaves nothing half told, and the next one tells everything.
 */
import type { Journal } from "../../src/bus/port.ts";
import { decodeMessage } from "../../src/contract/decode.ts";
import { RunEvent } from "../../src/contract/events.ts";
import type { RunOrder } from "../../src/contract/run.ts";
import type { Logger } from "../../src/log.ts";
import type { SpanAttributes, Tracer } from "../../src/tracer.ts";
import { buildSpans, type RunSpans, type StageSpan } from "./build-spans.ts";
import { buildSpanId, buildTraceId } from "./ids.ts";
import { beginRun, type RunTrace } from "./run-trace.ts";

export interface RecordOptions {
  /** Left out: nothing is recorded. */
  readonly tracer: Tracer | undefined;
  readonly events: Pick<Journal, "read">;
  readonly trace: RunTrace;
  /** This replica. */
  readonly agent: string;
  /** Which delivery of the request it works from. */
  readonly delivery: number;
  readonly launcher: string;
  readonly logger: Logger;
}

/** Never rejects: a run is what it is without its spans. The bus answers in time or says that it can't. */
export async function recordRun(order: RunOrder, options: RecordOptions): Promise<void> {
  const { tracer, events, trace, logger } = options;
  if (tracer === undefined) return;
  try {
    const entries = await events.read(order);
    const told = entries.flatMap(({ data }) => {
      const event = decodeMessage(RunEvent, data);
      return event.ok ? [event.value] : [];
    });
    const spans = buildSpans(told, { requestedAt: new Date(order.requestedAt), moments: trace.moments });
    if (spans !== undefined) record(order, spans, { ...options, tracer });
  } catch (error) {
    logger.warn({ err: error }, "Could not record the spans of a run");
  }
}

function record(order: RunOrder, spans: RunSpans, options: RecordOptions & { tracer: Tracer }): void {
  const { tracer } = options;
  const run = beginRun(tracer, order, { at: spans.from, attributes: describeEnd(spans, options) });
  for (const stage of spans.stages) {
    tracer
      .begin(stage.name, {
        kind: stage.name === "result" ? "producer" : "internal",
        parent: run.context,
        at: stage.from,
        attributes: { "container_driver.run.id": order.runId, ...describeError(stage) },
        ids: { traceId: buildTraceId(order.runId), spanId: buildSpanId(order.runId, stage.name) },
      })
      .end({ at: stage.to, error: stage.error });
  }
  run.end({ at: spans.to, error: spans.result === "failed" ? spans.reason : undefined });
}

function describeEnd(
  { result, reason, adoptions }: RunSpans,
  { agent, delivery, launcher }: RecordOptions,
): SpanAttributes {
  return {
    "container_driver.agent": agent,
    "container_driver.launcher": launcher,
    "container_driver.delivery": delivery,
    "container_driver.adoptions": adoptions,
    "container_driver.result": result,
    ...(reason === undefined ? {} : { "container_driver.reason": reason }),
  };
}

function describeError({ error }: StageSpan): SpanAttributes {
  return error === undefined ? {} : { "container_driver.reason": error };
}
