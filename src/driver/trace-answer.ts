/** The end of a run's own trace, wherever its caller's request belongs: that it was told, and when. */
import type { ResourceAddress } from "../contract/run.ts";
import { parseTrace, type TraceContext } from "../contract/trace-context.ts";
import { describeRun, type Tracer } from "../tracer.ts";
import type { LastRun } from "./record.ts";

export interface AnswerTraceOptions {
  readonly tracer: Tracer | undefined;
  readonly begun: Date;
  readonly ended: Date;
  /** Where the request belongs that is answered. */
  readonly trace: TraceContext | undefined;
}

/** Records that a caller is told how a run ended. Call it for the first one only. */
export function traceAnswer(address: ResourceAddress, run: LastRun, options: AnswerTraceOptions): void {
  const { tracer, begun, ended, trace } = options;
  const parent = parseTrace(run.traceparent);
  if (parent === undefined) return;
  const links = trace === undefined || trace.traceId === parent.traceId ? [] : [trace];
  const attributes = describeRun({ ...address, ...run });
  tracer?.begin("answer", { kind: "internal", parent, at: begun, attributes, links }).end({ at: ended });
}
